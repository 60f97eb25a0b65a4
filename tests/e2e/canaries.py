"""Reporters' names and phones, planted wherever somebody may type them, and the search for them in what comes out."""

import base64
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

from sqlalchemy import update

from app.dispatch.access import Appointment
from app.dispatch.codes import Post
from app.models.people import Partner
from app.services.transaction import writing
from tests.adapters.pictures import exif, picture
from tests.e2e.served import API, Json, Served, location

_NUMERALS: Final = str.maketrans("0123456789", "零一二三四五六七八九")
_WIDE: Final = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A reporter whom nobody may recognise."""

    name: str
    phone: str
    masked_name: str
    masked_phone: str

    @property
    def spelled(self) -> str:
        """Return a text that gives the reporter away in many spellings."""
        digits, name = self.phone, self.name
        parts = (digits[:3], digits[3:7], digits[7:])
        ways = (
            digits,
            " ".join(parts),
            "-".join(parts),
            ".".join(parts),
            "+86 " + "-".join(parts),
            digits.translate(_WIDE),
            digits.translate(_NUMERALS),
            " ".join(digits),
        )
        return f"我是{name}，也写作{' '.join(name)}、{'·'.join(name)}；电话" + "，或".join(ways) + "。"


CITIZEN: Final = Canary(name="欧阳墨砚", phone="13987650421", masked_name="欧阳**", masked_phone="139****0421")
CALLER: Final = Canary(name="佘翊霏", phone="18676543190", masked_name="佘**", masked_phone="186****3190")
LATER: Final = Canary(name="逄沁甯", phone="15512349876", masked_name="逄**", masked_phone="155****9876")
VISITOR: Final = Canary(name="禤骁骐", phone="17788990011", masked_name="禤**", masked_phone="177****0011")
CANARIES: Final = (CITIZEN, CALLER, LATER, VISITOR)


def found_in(text: str, *, masked: bool = False) -> list[str]:
    """Return what a text gives away: raw names and phones in any spelling; with `masked`, the masked forms too."""
    bare = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).translate(
        {ord(numeral): str(digit) for digit, numeral in enumerate("零一二三四五六七八九")}
    )
    bare = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text) + bare
    found = [value for one in CANARIES for value in (one.name, one.phone) if value in bare]
    if masked:
        found += [value for one in CANARIES for value in (one.masked_name, one.masked_phone) if value in text]
    return found


def hidden_forms() -> Iterator[tuple[str, str]]:
    """Yield (value, form) of every way in which a value may lie in a dump other than as plain text."""
    for one in CANARIES:
        for value in (one.name, one.phone, one.spelled):
            for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"):
                data = value.encode(encoding)
                yield value, data.hex()
                yield from ((value, _inner_base64(data, shift)) for shift in range(3))
            yield value, json.dumps(value)[1:-1]


def _inner_base64(data: bytes, shift: int) -> str:
    """Return the characters that stand for `data` in the base64 of anything that holds it at this offset."""
    whole = base64.b64encode(bytes(shift) + data).decode().rstrip("=")
    return whole[(0, 2, 3)[shift] : -1]


@dataclass(slots=True)
class Planted:
    """Where the canaries were put."""

    reports: list[str] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    receipts: list[tuple[str, str]] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    sets: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    """The accounts of the units that have the cases, one a case."""


async def plant(city: Served) -> Planted:
    """Take reports of three channels through every step that lets somebody type something."""
    planted = Planted()
    sets = (await city.get("/admin/sets", "admin01")).json()["items"]
    planted.sets += [one["id"] for one in sets]
    async with writing(city.sessions) as session:
        await session.execute(update(Partner).values(callback_url="http://partner.test/callbacks"))
    await city.employ(
        "allposts",
        *(Appointment(post=post, desk="city") for post in (Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)),
    )
    for bring in (_by_citizen, _by_hotline, _by_visitor):
        canary, report_id = await bring(city, planted)
        planted.reports.append(report_id)
        await _case(city, planted, canary, report_id)
    await _answered(city, planted)
    await _at_once(city, planted)
    return planted


async def _photo(city: Served, who: str | None) -> str:
    data = picture_bytes()
    name = f"{CITIZEN.name}{CITIZEN.phone}.jpg"
    path = "/media" if who else "/citizen/media"
    answer = await city.call("POST", path, who, files={"file": (name, data, "image/jpeg")})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def picture_bytes() -> bytes:
    """Return a photo whose metadata name its owner."""
    out = io.BytesIO()
    picture().save(out, "JPEG", exif=exif())
    return out.getvalue()


def _who(canary: Canary) -> Json:
    return {"name": canary.name, "phone": canary.phone.translate(_WIDE)}


async def _by_citizen(city: Served, planted: Planted) -> tuple[Canary, str]:
    photo = await _photo(city, None)
    body = {
        "kind": "event",
        "category": CITIZEN.phone,
        "component_code": CITIZEN.name,
        "description": CITIZEN.spelled,
        "location": location(city.place(), address=f"滨河路3号{CITIZEN.name}家，{CITIZEN.phone}"),
        "reporter": _who(CITIZEN),
        "media": [photo],
    }
    answer = await city.post("/citizen/reports", None, body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    planted.receipts.append((made["receipt_no"], made["query_code"]))
    planted.media.append(photo)
    return CITIZEN, made["id"]


async def _by_hotline(city: Served, _: Planted) -> tuple[Canary, str]:
    order_no = f"H{uuid4().hex}"
    odd = {"来电人": CALLER.spelled, "extra": {CALLER.name: [CALLER.phone]}}
    fields: Json = {
        "title": f"{CALLER.name}来电",
        "content": CALLER.spelled,
        "caller": {"name": CALLER.name, "phone": f"{CALLER.phone[:3]}-{CALLER.phone[3:7]}-{CALLER.phone[7:]}"},
        "address": f"新华路{CALLER.name}小卖部{CALLER.phone}",
        "kind": "event",
        "category": "0110",
        "location": location(city.place()),
        "attachments": [{"url": "http://files.test/1", "name": f"{CALLER.name}{CALLER.phone}.jpg"}],
        **odd,
    }
    taken = await city.order(order_no, **fields)
    assert taken.status_code == 200, taken.text
    later = {"name": LATER.name, "phone": f"+86 {LATER.phone}", "callback_phone": CALLER.phone}
    for action in ("supplement", "urge", "supervise", "something_else"):
        said = await city.order(order_no, action, content=CALLER.spelled + LATER.spelled, caller=later, **odd)
        assert said.status_code == 200, said.text
    return CALLER, taken.json()["report_id"]


async def _by_visitor(city: Served, planted: Planted) -> tuple[Canary, str]:
    photo = await _photo(city, "operator01")
    planted.media.append(photo)
    body = {
        "source": "walk_in",
        "kind": "event",
        "category": "0110",
        "description": VISITOR.spelled,
        "location": location(city.place(), address=f"{VISITOR.name}铺面 {VISITOR.phone}"),
        "reporter": _who(VISITOR),
        "tags": [f"{VISITOR.name}投诉", VISITOR.phone],
        "media": [photo],
    }
    answer = await city.post("/reports", "operator01", body)
    assert answer.status_code == 201, answer.text
    return VISITOR, answer.json()["id"]


async def _case(city: Served, planted: Planted, canary: Canary, report_id: str) -> None:
    """Let everybody who takes a step type the reporter's name and number wherever there is room."""
    said = canary.spelled
    free: Json = {"note": said, "on_behalf_of": f"{canary.name} {canary.phone}"}
    code = f"{canary.name}{canary.phone}"
    await city.act("reports", report_id, "accept", "operator01", kind="event", category="0110", **free)
    filed = await city.act("reports", report_id, "file", "lead01", cases=[{"condition": 1}], **free)
    case_id = filed["cases"][0]["id"]
    planted.cases.append(case_id)
    sent = await city.act("cases", case_id, "dispatch", "dispatcher01", **free)
    unit = city.accounts[sent["unit_code"]]
    planted.owners.append(unit)

    async def do(action: str, who: str, **body: Any) -> Json:
        return await city.act("cases", case_id, action, who, **free, **body)

    await do("sign", unit)
    await do("contact", unit, reached=True, at=city.clock().isoformat(), method=code)
    await do("tag", "operator01", add=[canary.phone, f"{canary.name}的事"], remove=[code])
    await do("note", "operator01", text=said)
    await do("note", unit, text=said)
    await _order(city, planted, sent["unit_code"], case_id, canary)
    asked = await do("request_extension", unit, reason_code=code)
    await do("refuse", "lead01", request_id=asked["requests"][0]["id"], text=said)
    asked = await do("request_return", unit, reason_code=code)
    await do("grant", "dispatcher01", request_id=asked["requests"][0]["id"], text=said)
    await do("dispatch", "dispatcher01", unit_code=sent["unit_code"], reason_code=code)
    await do("dispose", unit, result="solved", public_answer=said, internal_note=said)
    checking = await do("send_check", "operator01")
    inspector = await _username(city, checking["inspector_id"])
    await do("check", inspector, result="pass")
    await do("call_back", "operator01", report_id=report_id, reached=True, solved=True, satisfaction=5, opinion=said)
    await do("close", "lead01")
    await do("reopen", "operator01", reason_code=code)


async def _order(city: Served, planted: Planted, unit_code: str, case_id: str, canary: Canary) -> None:
    """Order the unit about the case, and let both sides say too much."""
    said = canary.spelled
    words: Json = {"title": f"{canary.name}投诉", "text": said, "document_no": f"{canary.name}{canary.phone}"}
    order = {"kind": "assignment", "unit_code": unit_code, "case_ids": [case_id], **words}
    made = await city.post("/orders", "supervisor01", order)
    assert made.status_code == 201, made.text
    planted.orders.append(made.json()["id"])
    steps = (("note", "supervisor01"), ("answer", city.accounts[unit_code]), ("send_back", "supervisor01"))
    for action, who in steps:
        done = await city.post(f"/orders/{planted.orders[-1]}/actions/{action}", who, {"text": said})
        assert done.status_code == 200, done.text


async def _at_once(city: Served, planted: Planted) -> None:
    """Take a report all the way to a unit in one step, with a reason that says too much."""
    _, report_id = await _by_visitor(city, planted)
    planted.reports.append(report_id)
    other, owner = next(one for one in city.accounts.items() if one[1] not in planted.owners)
    planted.owners.append(owner)
    wanted: Json = {"kind": "event", "category": "0110", "cases": [{"condition": 1}], "unit_code": other}
    done = await city.act(
        "reports", report_id, "accept_file_dispatch", "allposts", **wanted, reason_code=f"{VISITOR.name}{VISITOR.phone}"
    )
    planted.cases.append(done["cases"][0]["id"])


async def _answered(city: Served, planted: Planted) -> None:
    """End one more report with a public answer that says too much."""
    taken = await city.order(f"H{uuid4().hex}", content=LATER.spelled, caller=_who(LATER))
    report_id = taken.json()["report_id"]
    planted.reports.append(report_id)
    code = f"{LATER.name}{LATER.phone}"
    await city.act("reports", report_id, "answer", "operator01", reason_code=code, public_answer=LATER.spelled)


async def _username(city: Served, account_id: str) -> str:
    for number in range(1, 17):
        who = f"inspector{number:02d}"
        if (await city.get("/me", who)).json()["account"]["id"] == account_id:
            return who
    raise AssertionError(account_id)


def addresses(city: Served, planted: Planted) -> Iterator[str]:
    """Yield every GET route of the published description, with everything filled in that was planted."""
    ids = {"case_id": planted.cases, "report_id": planted.reports, "media_id": planted.media, "set_id": planted.sets}
    ids["order_id"] = planted.orders
    queries = {
        f"{API}/dispatch/locate": "?lon=119&lat=20&datum=cgcs2000",
        f"{API}/dispatch/explain": "?lon=119&lat=20&datum=cgcs2000&kind=event&category=0110",
        f"{API}/dispatch/components": "?lon=119&lat=20&datum=cgcs2000&category=0101",
        f"{API}/geocode": "?q=" + quote("清河路12号"),
        f"{API}/geocode/reverse": "?lon=119&lat=20",
        f"{API}/stats/closure": "?from=2026-01-01&to=2027-01-01&group_by=unit",
        f"{API}/stats/cases": "?from=2026-01-01&to=2027-01-01&count=filed",
    }
    names = {"layer": ["cells", "zones", "areas", "components", "cases"], "master": list(_MASTERS)}
    for path, methods in city.app.openapi()["paths"].items():
        if "get" not in methods:
            continue
        match = re.search(r"\{(\w+)\}", path)
        if match is None:
            yield path + queries.get(path, "")
        elif match[1] == "receipt_no":
            yield from (path.replace(match[0], receipt) + f"?code={code}" for receipt, code in planted.receipts)
        else:
            yield from (path.replace(match[0], value) for value in (ids | names)[match[1]])


_MASTERS: Final = ("catalogue", "units", "areas", "zones", "beats", "reasons", "calendars", "policies", "sources")

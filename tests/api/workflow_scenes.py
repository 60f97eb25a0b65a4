"""Reports and cases brought into every state through the API, once a module; what is sent with each action."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from app.adapters.keys import Keys
from app.adapters.tokens import Tokens
from app.dispatch.access import Appointment
from app.dispatch.codes import Post
from app.main import create_app, wire
from tests.api.workflow_by_hand import Person, people
from tests.partners_stored import Clock
from tests.people_stored import store_account
from tests.small_city import EAST, IN_WEST, UNIT_EAST, UNIT_TOP, UNIT_WEST, WEST, store_small_city
from tests.towns import Town

MONDAY: Final = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""09:00 in the city, a working day."""
LATER: Final = "2026-03-03T09:00:00+08:00"
API: Final = "/api/v1"
PEOPLE: Final = people(own_street=WEST, other_street=EAST, unit=UNIT_WEST, above=UNIT_TOP, other_unit=UNIT_EAST)
_BY_NAME: Final = {one.name: one for one in PEOPLE}
OPERATOR, LEAD, DISPATCHER = "operator of the city", "shift_lead of the city", "dispatcher of the city"
UNIT, AUTHOR, TASKED = "unit", "inspector who reported", "inspector with the task"
Json = dict[str, Any]
Step = tuple[str, str, Json]
"""Who does what, and what he sends."""

EVIDENCE: Final = "0192d3a0-5c1e-4a52-9f8a-6f3d2b1c0e4f"
SOLVED: Final[Json] = {"result": "solved", "public_answer": "已洒水降尘"}
BODIES: Final[Mapping[str, Json]] = {
    "request_verification": {},
    "verify": {"result": "true"},
    "accept": {"kind": "event", "category": "0305"},
    "accept_file_dispatch": {"kind": "event", "category": "0305", "cases": [{"condition": 1}]},
    "file": {"cases": [{"condition": 1}]},
    "reject": {"reason_code": "not_true"},
    "answer": {"reason_code": "advice", "public_answer": "已答复"},
    "forward": {"reason_code": "other_authority"},
    "merge": {"into_case": "@other_case"},
    "unmerge": {"reason_code": "not_same"},
    "self_dispose": {"media": []},
    "withdraw": {"reason_code": "reporter_asked"},
    "dispatch": {},
    "recall": {},
    "sign": {},
    "contact": {"reached": True, "at": "2026-03-02T08:59:00+08:00", "method": "phone"},
    "request_return": {"reason_code": "not_ours"},
    "request_extension": {"reason_code": "weather"},
    "request_suspension": {"reason_code": "season", "until": LATER},
    "grant": {"request_id": "@request"},
    "refuse": {"request_id": "@request", "text": "属于贵单位职责"},
    "resume": {},
    "dispose": SOLVED,
    "send_check": {},
    "approve_answer": {"public_answer": "已洒水降尘，感谢反映"},
    "amend": {"condition": 2},
    "assign_sub": {"unit_code": UNIT_WEST},
    "return_sub": {"leg": 2, "reason_code": "not_ours"},
    "report_up": {"leg": 2},
    "request_arbitration": {"text": "不属本单位", "media": [EVIDENCE]},
    "arbitrate": {"unit_code": UNIT_EAST},
    "appeal": {"against": "return_refused", "text": "权属裁定不符", "media": []},
    "review_appeal": {"upheld": True, "text": "情况属实"},
    "take_up": {},
    "hand_over": {},
    "merge_case": {"into_case": "@other_case"},
    "check": {"result": "pass"},
    "desk_check": {"result": "pass"},
    "call_back": {"report_id": "@report", "reached": True, "solved": True, "satisfaction": 5},
    "close": {},
    "void": {"reason_code": "by_mistake"},
    "reopen": {"reason_code": "dissatisfied"},
    "urge": {},
    "note": {"text": "已与街道沟通"},
    "tag": {"add": ["typhoon"]},
}
"""What is sent with an action where nothing else is said; `@` names something of the scene."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """In this scene, sent this, it leads there.

    `who`: only these of those whom the table names may. `only`: nobody but these people is asked here.
    """

    scene: str
    to: str
    body: Json | None = None
    who: str | None = None
    only: tuple[str, ...] = ()


_FAIL: Final[Json] = {"result": "fail", "code": "not_done"}
_TOPS: Final = ("unit above",)
_BOTH: Final = ("unit", "unit above")
_LATER: Final = ("disposed", "checking", "checked", "closed")
_ALL_BUT_FILED: Final = ("dispatched", "suspended", *_LATER)
WAYS: Final[Mapping[str, tuple[Way, ...]]] = {
    "verify": (
        Way(scene="verifying", to="received"),
        Way(scene="verifying", to="verifying", body={"result": "no_access"}),
    ),
    "unmerge": (Way(scene="merged", to="accepted"), Way(scene="filed_and_joined", to="accepted")),
    "assign_sub": (Way(scene="at_the_top", to="dispatched", only=_TOPS),),
    "return_sub": (Way(scene="given_on", to="dispatched", only=_BOTH),),
    "report_up": (Way(scene="given_on", to="dispatched", only=_BOTH),),
    "request_arbitration": (Way(scene="refused_dispatched", to="dispatched"),),
    "grant": (
        Way(scene="asked_return", to="filed", who="dispatcher"),
        Way(scene="asked_extension", to="dispatched", who="shift_lead"),
        Way(scene="asked_works", to="dispatched", who="shift_lead"),
        Way(scene="asked_suspension", to="suspended", who="shift_lead"),
        Way(scene="asked_end", to="closed", who="shift_lead"),
        *(Way(scene=f"long_chain_{state}", to=state, who="unit_lead") for state in _LATER),
    ),
    "refuse": (
        Way(scene="asked_return", to="dispatched", who="dispatcher"),
        Way(scene="asked_extension", to="dispatched", who="shift_lead"),
        Way(scene="asked_suspension", to="dispatched", who="shift_lead"),
        Way(scene="asked_end", to="dispatched", who="shift_lead"),
        Way(scene="asked_arbitration", to="dispatched", who="coordinator"),
        *(Way(scene=f"reserved_{state}", to=state, who="coordinator") for state in _LATER),
    ),
    "arbitrate": (
        Way(scene="returned", to="dispatched"),
        Way(scene="asked_arbitration", to="dispatched"),
        Way(scene="asked_arbitration", to="dispatched", body={"unit_code": UNIT_WEST}),
        *(Way(scene=f"reserved_{state}", to=state) for state in _LATER),
    ),
    "dispose": (
        Way(scene="dispatched", to="disposed"),
        Way(scene="dispatched", to="dispatched", body={"result": "temporary"}),
        Way(scene="dispatched", to="dispatched", body={"result": "cannot", "claim": "problem_bank"}),
    ),
    "appeal": tuple(Way(scene=f"refused_{state}", to=state) for state in _ALL_BUT_FILED),
    "review_appeal": tuple(Way(scene=f"appealed_{state}", to=state, who="shift_lead") for state in _ALL_BUT_FILED),
    "approve_answer": tuple(Way(scene=f"read_first_{state}", to=state) for state in _LATER[:3]),
    "check": (
        Way(scene="checking", to="checked"),
        Way(scene="checking", to="checked", body={"result": "fail", "code": "relapsed"}),
        Way(scene="checking", to="dispatched", body=_FAIL),
        Way(scene="checking", to="checking", body={"result": "no_access"}),
        Way(scene="checking", to="disposed", body={"result": "not_found"}),
        Way(scene="checking_gone", to="checked", body={"result": "not_found"}),
        Way(scene="not_theirs_checking", to="filed", body=_FAIL),
    ),
    "desk_check": (
        Way(scene="disposed", to="checked"),
        Way(scene="disposed", to="dispatched", body=_FAIL),
        Way(scene="not_theirs_disposed", to="filed", body=_FAIL),
    ),
}
"""Where one state has several ways out, or the plain scene is not enough; every other cell is taken there as it is."""

_FILED: Final[tuple[Step, ...]] = (
    (OPERATOR, "reports/accept", BODIES["accept"]),
    (LEAD, "reports/file", BODIES["file"]),
)
_DISPATCHED: Final = (*_FILED, (DISPATCHER, "cases/dispatch", {}))
_TO_CHECK: Final[Step] = (OPERATOR, "cases/send_check", {"inspector": "@tasked"})
_CLOSE: Final[Step] = (LEAD, "cases/close", {})
_ASKS: Final[Mapping[str, Step]] = {
    name: (UNIT, f"cases/request_{name}", BODIES[f"request_{name}"]) for name in ("return", "extension", "suspension")
}
_WORKS: Final[Json] = {"reason_code": "engineering", "until": LATER}
_CLAIM: Final[Json] = {"result": "cannot", "claim": "problem_bank"}
_REFUSED: Final = (*_DISPATCHED, _ASKS["return"], (DISPATCHER, "cases/refuse", BODIES["refuse"]))
_DISPUTED: Final = (*_REFUSED, (UNIT, "cases/request_arbitration", BODIES["request_arbitration"]))
_RESERVED: Final[Json] = {**BODIES["request_arbitration"], "handle_under_reserve": True}
_UNDER_RESERVE: Final = (*_REFUSED, (UNIT, "cases/request_arbitration", _RESERVED))
_AT_THE_TOP: Final[Step] = (DISPATCHER, "cases/dispatch", {"unit_code": UNIT_TOP, "reason_code": "local_knowledge"})
_NOT_THEIRS: Final[Step] = ("coordinator of the city", "cases/arbitrate", BODIES["arbitrate"])


def _later(steps: tuple[Step, ...], name: str, disposal: Json = SOLVED) -> dict[str, tuple[Step, ...]]:
    """Return the scenes from the disposal on."""
    disposed = (*steps, (UNIT, "cases/dispose", disposal))
    checking = (*disposed, _TO_CHECK)
    checked = (*checking, (TASKED, "cases/check", BODIES["check"]))
    made = (disposed, checking, checked, (*checked, _CLOSE))
    return {f"{name}{state}": one for state, one in zip(_LATER, made, strict=True)}


_APPEAL: Final[Step] = (UNIT, "cases/appeal", BODIES["appeal"])
_REST: Final = (_ASKS["suspension"], (LEAD, "cases/grant", BODIES["grant"]))
_MARKED: Final = {
    "refused_dispatched": _REFUSED,
    "refused_suspended": (*_REFUSED, *_REST),
    **_later(_REFUSED, "refused_"),
}


REPORT_SCENES: Final[Mapping[str, tuple[Step, ...]]] = {
    "received": (),
    "verifying": ((OPERATOR, "reports/request_verification", {"inspector": "@tasked"}),),
    "accepted": ((OPERATOR, "reports/accept", BODIES["accept"]),),
    "filed": _FILED,
    "merged": ((OPERATOR, "reports/merge", BODIES["merge"]),),
    "answered": ((OPERATOR, "reports/answer", BODIES["answer"]),),
    "forwarded": ((OPERATOR, "reports/forward", BODIES["forward"]),),
    "rejected": ((OPERATOR, "reports/reject", BODIES["reject"]),),
    "withdrawn": ((AUTHOR, "reports/withdraw", BODIES["withdraw"]),),
    "self_disposed": ((AUTHOR, "reports/self_dispose", {}),),
    "filed_and_joined": (*_FILED, (LEAD, "cases/merge_case", BODIES["merge_case"])),
}
CASE_SCENES: Final[Mapping[str, tuple[Step, ...]]] = {
    "filed": _FILED,
    "dispatched": _DISPATCHED,
    "suspended": (*_DISPATCHED, *_REST),
    **_later(_DISPATCHED, ""),
    "voided": (*_DISPATCHED, (LEAD, "cases/void", BODIES["void"])),
    **{f"asked_{name}": (*_DISPATCHED, step) for name, step in _ASKS.items()},
    "asked_works": (*_DISPATCHED, (UNIT, "cases/request_extension", _WORKS)),
    "asked_end": (*_DISPATCHED, (UNIT, "cases/dispose", _CLAIM)),
    "returned": (*_DISPATCHED, _ASKS["return"], (DISPATCHER, "cases/grant", BODIES["grant"])),
    **_MARKED,
    **{f"appealed_{name.removeprefix('refused_')}": (*steps, _APPEAL) for name, steps in _MARKED.items()},
    "asked_arbitration": _DISPUTED,
    **_later(_UNDER_RESERVE, "reserved_"),
    "not_theirs_disposed": (*_UNDER_RESERVE, (UNIT, "cases/dispose", SOLVED), _NOT_THEIRS),
    "not_theirs_checking": (*_UNDER_RESERVE, (UNIT, "cases/dispose", SOLVED), _TO_CHECK, _NOT_THEIRS),
    "checking_gone": (*_DISPATCHED, (UNIT, "cases/dispose", {"result": "gone"}), _TO_CHECK),
    "at_the_top": (*_FILED, _AT_THE_TOP),
    "given_on": (*_FILED, _AT_THE_TOP, ("unit above", "cases/assign_sub", BODIES["assign_sub"])),
}
_READ_FIRST: Final = {name: steps for name, steps in _later(_DISPATCHED, "read_first_").items() if "closed" not in name}
PARTICULAR: Final[Mapping[str, Mapping[str, tuple[Step, ...]]]] = {
    "leader": _later(_UNDER_RESERVE, "long_chain_"),
    "petition": _READ_FIRST,
}
"""Scenes of cases from sources for which the policies below hold."""
POLICIES: Final[tuple[Json, ...]] = (
    {"policy": "desk_check", "value": True},
    {"policy": "answer_approval", "value": True, "source": "petition"},
    {
        "policy": "approval_chains",
        "value": [{"kind": "arbitration", "posts": ["unit_lead", "coordinator"]}],
        "source": "leader",
    },
)
SCENES: Final = {"reports": REPORT_SCENES, "cases": CASE_SCENES}


@dataclass(slots=True)
class Scene:
    """One report and, once it is filed, its case."""

    report: str
    case: str = ""
    state: str = ""
    request: str = field(default_factory=lambda: str(uuid4()))

    def id(self, things: str) -> str:
        return self.case if things == "cases" else self.report


@dataclass(slots=True)
class Stage:
    """Everybody signed in before a town in which every scene stands ready; what is done on it can be undone."""

    connection: AsyncConnection
    client: AsyncClient
    clock: Clock
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    ids: dict[str, UUID] = field(default_factory=dict)
    scenes: dict[tuple[str, str], Scene] = field(default_factory=dict)
    other_case: str = ""

    async def post(self, who: str, path: str, body: Json) -> Response:
        return await self.client.post(f"{API}/{path}", json=body, headers=self.headers[who])

    async def act(self, who: Person, things: str, action: str, scene: Scene, body: Json) -> Response:
        """Act on one thing."""
        return await self.post(who.name, f"{things}/{scene.id(things)}/actions/{action}", self.filled(body, scene))

    def filled(self, body: Json, scene: Scene) -> Json:
        """Return a body with the scene's own ids in it."""
        known = {
            "@request": scene.request,
            "@report": scene.report,
            "@other_case": self.other_case,
            "@tasked": str(self.ids[TASKED]),
        }
        return {name: known.get(value, value) if isinstance(value, str) else value for name, value in body.items()}

    async def versions(self) -> dict[str, int]:
        """Return the version of everything there is."""
        asked = text("SELECT id::text, version FROM cases UNION ALL SELECT id::text, version FROM reports")
        return {row[0]: row[1] for row in await self.connection.execute(asked)}

    async def states(self) -> dict[str, str]:
        """Return where everything stands."""
        asked = text("SELECT id::text, state FROM cases UNION ALL SELECT id::text, state FROM reports")
        return {row[0]: row[1] for row in await self.connection.execute(asked)}

    async def offered(self, who: Person, things: str, scene: Scene) -> set[str]:
        """Return what somebody may do now, as he is told."""
        path = f"{API}/{things}/{scene.id(things)}/actions"
        answer = await self.client.get(path, headers=self.headers[who.name])
        return {one["action"] for one in answer.json()["items"]}

    @asynccontextmanager
    async def undone(self) -> AsyncIterator[None]:
        """Take back whatever is done within."""
        async with self.connection.begin() as transaction:
            yield
            await transaction.rollback()

    async def prepare(self) -> None:
        """Bring reports and cases into every scene."""
        for row in POLICIES:
            laid = await self.post("admin of the city", "admin/policies", {**row, "reason": "试行"})
            assert laid.status_code == 201, laid.text
        self.clock.pass_by(seconds=1)  # each holds from an instant of its own, a little after the one before
        self.other_case = (await self._scene("cases", _DISPATCHED)).case
        for things, scenes in SCENES.items():
            for name, steps in scenes.items():
                self.scenes[things, name] = await self._scene(things, steps)
        for source, particular in PARTICULAR.items():
            for name, steps in particular.items():
                self.scenes["cases", name] = await self._scene("cases", steps, source)

    async def town_case(self) -> Scene:
        """Return a case that a town's desk has made and filed by itself."""
        steps = (("operator of another desk", *_FILED[0][1:]), ("shift_lead of another desk", *_FILED[1][1:]))
        return await self._scene("cases", steps, "walk_in", "operator of another desk")

    async def _scene(
        self, things: str, steps: tuple[Step, ...], source: str = "inspector", author: str = AUTHOR
    ) -> Scene:
        lon, lat = IN_WEST
        report = {
            "source": source,
            "kind": "event",
            "category": "0305",
            "description": "路面有渣土",
            "location": {"lon": lon, "lat": lat, "datum": "cgcs2000", "from": "device"},
        }
        made = await self.post(author, "reports", report)
        assert made.status_code == 201, made.text
        scene = Scene(report=made.json()["id"])
        for who, what, body in steps:
            of, _, action = what.partition("/")
            done = await self.act(_BY_NAME[who], of, action, scene, body)
            assert done.status_code == 200, (what, who, done.text)
            if action == "file":
                scene.case = done.json()["cases"][0]["id"]
            asked = [one["id"] for one in done.json().get("requests", ())]
            scene.request = asked[0] if asked else str(uuid4())
        now = await self.client.get(f"{API}/{things}/{scene.id(things)}", headers=self.headers[OPERATOR])
        scene.state = now.json()["state"]
        return scene


@asynccontextmanager
async def staged(town: Town, keys: Keys, home: Path) -> AsyncIterator[Stage]:
    """Open a town with everybody in it and every scene ready, committed."""
    engine = create_async_engine(town.app_url, poolclass=NullPool)
    async with engine.connect() as connection:
        sessions = async_sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        await store_small_city(sessions)
        settings = town.settings(home)
        app = create_app(settings)
        clock = Clock(MONDAY)
        wired = wire(settings, sessions, keys, now=clock)
        app.state.wired = wired
        await wired.books.refresh()
        async with AsyncClient(transport=ASGITransport(app), base_url="http://gridcase.test") as client:
            stage = Stage(connection, client, clock)
            tokens = Tokens(keys.token, settings.city)
            for one in PEOPLE:
                stage.ids[one.name] = await store_account(sessions, one.name, *_held(one))
                token = tokens.sign(stage.ids[one.name], 0, MONDAY)
                stage.headers[one.name] = {"Authorization": f"Bearer {token}"}
            await stage.prepare()
            await connection.commit()
            yield stage
    await engine.dispose()


def _held(one: Person) -> list[Appointment]:
    return [
        Appointment(post=Post(post), desk=one.desk, region_code=one.street, unit_code=one.unit) for post in one.posts
    ]

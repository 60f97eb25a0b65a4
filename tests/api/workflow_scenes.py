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
    """In this scene, sent this, it leads there; `who`: only these may, where it is not all that the table names."""

    scene: str
    to: str
    body: Json | None = None
    who: str | None = None


_FAIL: Final[Json] = {"result": "fail", "code": "not_done"}
WAYS: Final[Mapping[str, tuple[Way, ...]]] = {
    "verify": (
        Way(scene="verifying", to="received"),
        Way(scene="verifying", to="verifying", body={"result": "no_access"}),
    ),
    "grant": (
        Way(scene="asked_return", to="filed", who="dispatcher"),
        Way(scene="asked_extension", to="dispatched", who="shift_lead"),
        Way(scene="asked_suspension", to="suspended", who="shift_lead"),
    ),
    "refuse": (
        Way(scene="asked_return", to="dispatched", who="dispatcher"),
        Way(scene="asked_extension", to="dispatched", who="shift_lead"),
        Way(scene="asked_suspension", to="dispatched", who="shift_lead"),
    ),
    "check": (
        Way(scene="checking", to="checked"),
        Way(scene="checking", to="dispatched", body=_FAIL),
        Way(scene="checking", to="checking", body={"result": "no_access"}),
        Way(scene="checking", to="disposed", body={"result": "not_found"}),
        Way(scene="checking_gone", to="checked", body={"result": "not_found"}),
    ),
    "desk_check": (Way(scene="disposed", to="checked"), Way(scene="disposed", to="dispatched", body=_FAIL)),
}
"""Where one state has several ways out; every other cell is taken with the plain body in the plain scene."""

_FILED: Final[tuple[Step, ...]] = (
    (OPERATOR, "reports/accept", BODIES["accept"]),
    (LEAD, "reports/file", BODIES["file"]),
)
_DISPATCHED: Final = (*_FILED, (DISPATCHER, "cases/dispatch", {}))
_DISPOSED: Final = (*_DISPATCHED, (UNIT, "cases/dispose", SOLVED))
_TO_CHECK: Final[Step] = (OPERATOR, "cases/send_check", {"inspector": "@tasked"})
_CHECKING: Final = (*_DISPOSED, _TO_CHECK)
_CHECKED: Final = (*_CHECKING, (TASKED, "cases/check", BODIES["check"]))
_ASKS: Final[Mapping[str, Step]] = {
    name: (UNIT, f"cases/request_{name}", BODIES[f"request_{name}"]) for name in ("return", "extension", "suspension")
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
}
CASE_SCENES: Final[Mapping[str, tuple[Step, ...]]] = {
    "filed": _FILED,
    "dispatched": _DISPATCHED,
    "suspended": (*_DISPATCHED, _ASKS["suspension"], (LEAD, "cases/grant", BODIES["grant"])),
    "disposed": _DISPOSED,
    "checking": _CHECKING,
    "checked": _CHECKED,
    "closed": (*_CHECKED, (LEAD, "cases/close", {})),
    "voided": (*_DISPATCHED, (LEAD, "cases/void", BODIES["void"])),
    "asked_return": (*_DISPATCHED, _ASKS["return"]),
    "asked_extension": (*_DISPATCHED, _ASKS["extension"]),
    "asked_suspension": (*_DISPATCHED, _ASKS["suspension"]),
    "checking_gone": (*_DISPATCHED, (UNIT, "cases/dispose", {"result": "gone"}), _TO_CHECK),
}
SCENES: Final = {"reports": REPORT_SCENES, "cases": CASE_SCENES}


@dataclass(slots=True)
class Scene:
    """One report and, once it is filed, its case."""

    report: str
    case: str = ""
    request: str = field(default_factory=lambda: str(uuid4()))

    def id(self, things: str) -> str:
        return self.case if things == "cases" else self.report


@dataclass(slots=True)
class Stage:
    """Everybody signed in before a town in which every scene stands ready; what is done on it can be undone."""

    connection: AsyncConnection
    client: AsyncClient
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
        found = await self.connection.execute(asked)
        return dict(found.tuples().all())

    @asynccontextmanager
    async def undone(self) -> AsyncIterator[None]:
        """Take back whatever is done within."""
        async with self.connection.begin() as transaction:
            yield
            await transaction.rollback()

    async def prepare(self) -> None:
        """Bring reports and cases into every scene."""
        self.other_case = (await self._scene(_DISPATCHED)).case
        for things, scenes in SCENES.items():
            for name, steps in scenes.items():
                self.scenes[things, name] = await self._scene(steps)

    async def _scene(self, steps: tuple[Step, ...]) -> Scene:
        lon, lat = IN_WEST
        report = {
            "source": "inspector",
            "kind": "event",
            "category": "0305",
            "description": "路面有渣土",
            "location": {"lon": lon, "lat": lat, "datum": "cgcs2000", "from": "device"},
        }
        made = await self.post(AUTHOR, "reports", report)
        assert made.status_code == 201, made.text
        scene = Scene(report=made.json()["id"])
        for who, what, body in steps:
            things, _, action = what.partition("/")
            done = await self.act(_BY_NAME[who], things, action, scene, body)
            assert done.status_code == 200, (what, who, done.text)
            if action == "file":
                scene.case = done.json()["cases"][0]["id"]
            asked = [one["id"] for one in done.json().get("requests", ())]
            scene.request = asked[0] if asked else str(uuid4())
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
        wired = wire(settings, sessions, keys, now=Clock(MONDAY))
        app.state.wired = wired
        await wired.books.refresh()
        async with AsyncClient(transport=ASGITransport(app), base_url="http://gridcase.test") as client:
            stage = Stage(connection, client)
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
    return [Appointment(post=Post(post), desk="city", region_code=one.street, unit_code=one.unit) for post in one.posts]

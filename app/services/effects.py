"""What steps do besides moving their subject: collected in order, taken back in one cut, made into rows at the end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.dispatch.case_projection import TimerWanted
from app.dispatch.leases import Lease
from app.dispatch.ruling import RulingWanted
from app.dispatch.task import UNTAKEN, Task
from app.services.ledger import Subject

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """A ruling that a step made, checked already; stored with the steps."""

    id: UUID
    wanted: RulingWanted
    case_id: UUID
    by: UUID | None


@dataclass(slots=True)
class Effects:
    """Lists that only grow, so that a refused step is undone by cutting them where it began."""

    links: list[Row] = field(default_factory=list)
    timers: list[Row] = field(default_factory=list)
    uses: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    pairs: list[Row] = field(default_factory=list)
    rulings: list[Ruled] = field(default_factory=list)
    freed: list[Row] = field(default_factory=list)

    def mark(self) -> tuple[int, ...]:
        """Return how much there is until now."""
        return tuple(len(what) for what in self._lists())

    def cut(self, mark: tuple[int, ...]) -> None:
        """Forget what came since."""
        for what, length in zip(self._lists(), mark, strict=True):
            del what[length:]

    def _lists(self) -> tuple[list[Any], ...]:
        return self.links, self.timers, self.uses, self.events, self.pairs, self.rulings, self.freed

    def link(self, case_id: UUID, report_id: UUID, at: datetime, *, first: bool) -> None:
        """Let a case carry a report."""
        self.links.append({"case_id": case_id, "report_id": report_id, "since": at, "first": first, "until": None})

    def unlink(self, report_id: UUID, at: datetime) -> None:
        """Take a report out of the case it joined."""
        self.links.append({"report_id": report_id, "until": at})

    def use(self, subject_id: UUID, number: int, account_id: UUID | None, media: Iterable[str]) -> None:
        """Say that media belong to a step, in the name of who took it."""
        for one in media:
            row = {"media_id": UUID(one), "subject_id": subject_id, "number": number, "account_id": account_id}
            self.uses.append(row)

    def set_timer(self, subject_id: UUID, wanted: TimerWanted) -> None:
        """Let something be done at an instant."""
        self.timers.append(
            {
                "id": uuid7(),
                "kind": wanted.kind,
                "subject_id": subject_id,
                "due_at": wanted.due_at,
                "payload": dict(wanted.payload),
                "claimed_until": None,
                "attempt": 0,
                "done_at": None,
            }
        )

    def follow_task(
        self, subject: Subject, subject_id: UUID, before: Task | None, after: Task | None, at: datetime
    ) -> None:
        """Watch whether a task that was just given is taken up; no longer, once it was or is somebody else's."""
        if after is before:
            return
        if before is not None and before.waits:
            self.drop_timers(subject_id, (UNTAKEN,), at)
        if after is not None and after.waits and after.take_up_by is not None:
            self.set_timer(subject_id, TimerWanted(kind=UNTAKEN, due_at=after.take_up_by, payload={"subject": subject}))

    def drop_timers(self, subject_id: UUID, kinds: Iterable[str], at: datetime) -> None:
        """Let timers lapse, those just set included."""
        self.timers.extend({"subject_id": subject_id, "kind": kind, "done_at": at} for kind in kinds)

    def learn(self, digest: bytes, shape: str, at: datetime) -> None:
        """Remember that an address, given as its digest, means a point, given as a geometry column takes it."""
        self.pairs.append({"id": uuid7(), "digest": digest, "geom": shape, "confirmed_at": at})

    def rule(self, ruled: Ruled) -> None:
        """Let a coordinator's word hold for the cases to come."""
        self.rulings.append(ruled)

    def free(self, leases: Iterable[Lease]) -> None:
        """End leases, each only while its holder has it."""
        self.freed.extend(
            {"subject_id": one.subject_id, "post": one.post, "account_id": one.account_id} for one in leases
        )

    def tell(self, rows: Iterable[Row]) -> None:
        """Put events into the outbox."""
        self.events.extend(rows)

    def linked(self) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """Return the links to add, those that ended meanwhile included, and those of before to end."""
        added: list[Row] = []
        ended: dict[UUID, Row] = {}
        for row in self.links:
            if "case_id" in row:
                added.append(dict(row))
                continue
            own = [one for one in added if one["report_id"] == row["report_id"] and one["until"] is None]
            for one in own:
                one["until"] = row["until"]
            ended.setdefault(row["report_id"], row)
        return list(added), list(ended.values())

    def timed(self) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """Return the timers to add, those that lapsed meanwhile included, and those of before that lapse."""
        added: dict[tuple[UUID, str], list[Row]] = {}
        lapsed: dict[tuple[UUID, str], Row] = {}
        for row in self.timers:
            key = (row["subject_id"], row["kind"])
            if "id" in row:
                added.setdefault(key, []).append(dict(row))
                continue
            for one in added.get(key, ()):
                one["done_at"] = one["done_at"] or row["done_at"]
            lapsed.setdefault(key, row)
        return [one for some in added.values() for one in some], list(lapsed.values())

"""Reports and cases in numbers, and acts on them, over the small city."""

from collections.abc import Sequence
from uuid import UUID

from uuid_utils.compat import uuid7

from app.dispatch import commands
from app.dispatch.arrival import Arrival
from app.dispatch.codes import CheckResult, DisposalResult, Kind, LocationFrom, Post, Source
from app.dispatch.errors import GridcaseError
from app.dispatch.points import Point
from app.services.acts import Act, Done
from app.services.arrivals import Incoming
from app.services.audit import Audit
from app.services.ledger import Acting, Subject
from tests.hotline_city import City
from tests.small_city import IN_WEST

ACCEPT = commands.Accept(kind=Kind.EVENT, category="0305")
FILE = commands.File(cases=(commands.CaseWanted(condition=1),))
AT_ONCE = commands.AcceptFileDispatch(accept=ACCEPT, file=FILE, dispatch=commands.Dispatch())
DISPOSE = commands.Dispose(result=DisposalResult.SOLVED, public_answer="已处理")
PASS = commands.Check(result=CheckResult.PASS)
TO_THE_CHECK = (DISPOSE, commands.SendCheck(), PASS)
"""What a dispatched case has before it until it may be closed."""


def act(city: City, subject: Subject, subject_id: UUID, command: commands.Command) -> Act:
    """Return an act a second after the one before."""
    city.clock.pass_by(seconds=1)
    acting = Acting(now=city.clock.at, post=Post.SHIFT_LEAD)
    return Act(subject=subject, subject_id=subject_id, command=command, acting=acting)


def on_cases(city: City, case_ids: Sequence[UUID], *wanted: commands.Command) -> list[Act]:
    return [act(city, "case", one, command) for command in wanted for one in case_ids]


async def reported(city: City, number: int, by: UUID | None = None) -> list[UUID]:
    """Bring in reports, each a little further east than the one before."""
    acting = Acting(now=city.clock.at, post=Post.INSPECTOR, actor_id=by)
    incoming = [Incoming(arrival=_arrival(IN_WEST[0] + n * 1e-6, IN_WEST[1], by), acting=acting) for n in range(number)]
    return [one.report_id for one in await city.intake.receive(incoming)]


async def dispatched(city: City, number: int, by: UUID | None = None) -> list[UUID]:
    """Bring in reports and have a case of each at its unit."""
    done = await city.acts.play([act(city, "report", one, AT_ONCE) for one in await reported(city, number, by)])
    assert [one.error for one in done] == [None] * number
    return [case for one in done for case in one.opened]


async def checked(city: City, number: int) -> list[UUID]:
    """Have cases that may be closed."""
    cases = await dispatched(city, number)
    done = await city.acts.play(on_cases(city, cases, *TO_THE_CHECK))
    assert {one.error for one in done} == {None}
    return cases


def errors(done: Sequence[Done]) -> list[type[GridcaseError] | None]:
    return [type(one.error) if one.error is not None else None for one in done]


async def sound(city: City) -> None:
    """Hold every chain, and everything that is derived from histories, against the histories."""
    audit = Audit(city.sessions)
    assert (await audit.verify(lambda _: None)).findings == []
    assert (await audit.facts(lambda _: None)).differences == []


def _arrival(lon: float, lat: float, by: UUID | None) -> Arrival:
    point = Point(lon=lon, lat=lat, raw_lon=lon, raw_lat=lat, datum="cgcs2000", located_from=LocationFrom.DEVICE)
    report_id = uuid7()
    return Arrival(
        id=report_id,
        source=Source.INSPECTOR,
        description="路面有渣土",
        kind=Kind.EVENT,
        category="0305",
        point=point,
        account_id=by,
    )

"""Receive reports, many at once: locate, classify, decide, store. What was acknowledged is never lost."""

import secrets
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from uuid import UUID

from shapely import Point
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.query_codes import QueryCodes
from app.dispatch.arrival import Arrival, Triage, contact_mode, triage
from app.dispatch.book import Book
from app.dispatch.codes import Action, Attention, ReportState
from app.dispatch.duplicates import DuplicateReach, OpenCase, PossibleDuplicate, rank
from app.dispatch.errors import ClientIdTaken
from app.dispatch.history import Draft
from app.dispatch.policies import Policies
from app.dispatch.report_life import fold, received_payload, report_facts
from app.dispatch.scrub import scrub
from app.repositories.facts import FactsRepository
from app.repositories.reports import AskedNear, ReportRepository
from app.repositories.sets import SetRepository, wkb
from app.services import idempotency
from app.services.books import Books
from app.services.idempotency import KeyUse
from app.services.ledger import Acting, Ledger, Thread
from app.services.transaction import Sessions, writing
from app.services.vault import Personal, Vault

DESK: Final = "city"
"""The one desk of this release; towns' desks come as units with a desk."""

RECEIPT_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
RECEIPT_LENGTH: Final = 14
CREATED: Final = 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of an arrival: the report, and whether it is new."""

    report_id: UUID
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """An arrival with what the service made of it."""

    arrival: Arrival
    triage: Triage
    book: Book
    duplicates: Sequence[PossibleDuplicate]


class Intake:
    """The one way in for reports of every channel."""

    def __init__(self, sessions: Sessions, books: Books, vault: Vault, codes: QueryCodes, policies: Policies) -> None:
        """Take what a report needs on its way in."""
        self._sessions = sessions
        self._codes = codes
        self._books = books
        self._vault = vault
        self._policies = policies

    async def receive(
        self, arrivals: Sequence[Arrival], acting: Acting, *, within: AsyncSession | None = None
    ) -> list[Received]:
        """Store arrivals in one transaction, in their order; `within` joins a transaction that is already open.

        A client_id that is known gives the first report to its maker and ClientIdTaken to anyone else.
        """
        if within is not None:
            return await self._receive(within, arrivals, acting)
        async with writing(self._sessions) as session:
            return await self._receive(session, arrivals, acting)

    async def receive_one(self, arrival: Arrival, acting: Acting, use: KeyUse | None) -> Received:
        """Store one arrival under an idempotency key."""
        async with writing(self._sessions) as session:
            first = await idempotency.begin(session, use, resource_id=arrival.id, status=201, now=acting.now)
            if first is not None:
                return Received(report_id=first.resource_id, created=first.status == CREATED)
            received = (await self._receive(session, [arrival], acting))[0]
            if use is not None and not received.created:
                await idempotency.settle(session, use, resource_id=received.report_id, status=200)
            return received

    async def _receive(self, session: AsyncSession, arrivals: Sequence[Arrival], acting: Acting) -> list[Received]:
        reports = ReportRepository(session)
        wanted = [one.client_id for one in arrivals if one.client_id is not None]
        known = await reports.by_client_id(wanted)
        fresh = _first_of_each([one for one in arrivals if one.client_id is None or one.client_id not in known])
        found = await self._look(session, fresh, acting)
        added = await reports.add([self._row(one, acting) for one in found])
        if len(added) < len(found):
            known |= await reports.by_client_id(one.client_id for one in fresh if one.client_id is not None)
        new = [one for one in found if one.arrival.id in added]
        await self._keep(session, new, acting)
        return [_answer(one, added, known) for one in arrivals]

    async def _look(self, session: AsyncSession, arrivals: Sequence[Arrival], acting: Acting) -> list[_Found]:
        book = await self._books.agreed(session)
        reports, sets = ReportRepository(session), SetRepository(session)
        codes = {one.component_code for one in arrivals if one.component_code}
        maintainers = await sets.maintainers(codes)
        arrivals = [_cleaned(one, maintainers) for one in arrivals]
        media = await reports.known_media({medium for one in arrivals for medium in one.media})
        triages = [
            triage(
                one,
                book,
                self._policies,
                acting.now,
                maintainer=maintainers.get(one.component_code or ""),
                component_known=one.component_code in maintainers,
                media_known=media,
            )
            for one in arrivals
        ]
        duplicates = await self._duplicates(reports, arrivals, acting)
        return [
            _Found(arrival=one, triage=seen, book=book, duplicates=near)
            for one, seen, near in zip(arrivals, triages, duplicates, strict=True)
        ]

    async def _duplicates(
        self, reports: ReportRepository, arrivals: Sequence[Arrival], acting: Acting
    ) -> list[list[PossibleDuplicate]]:
        """Return for each arrival the open cases that may be the same thing."""
        asked = [
            (
                number,
                AskedNear(
                    lon=one.point.lon,
                    lat=one.point.lat,
                    kind=one.kind,
                    category=one.category,
                    component_code=one.component_code,
                ),
            )
            for number, one in enumerate(arrivals)
            if one.point is not None and (one.category is not None or one.component_code is not None)
        ]
        reach = DuplicateReach(radius_m=self._policies.duplicate_radius_m, age=self._policies.duplicate_within)
        near = await reports.near(
            [question for _, question in asked], radius_m=reach.radius_m, within=reach.age, now=acting.now
        )
        answers: list[list[PossibleDuplicate]] = [[] for _ in arrivals]
        for (number, question), cases in zip(asked, near, strict=True):
            answers[number] = rank(
                (
                    OpenCase(
                        case_id=case.case_id,
                        case_no=case.case_no,
                        distance_m=case.distance_m,
                        age=acting.now - case.filed_at,
                        same_component=case.component_code is not None
                        and case.component_code == question.component_code,
                    )
                    for case in cases
                ),
                reach,
            )
        return answers

    async def _keep(self, session: AsyncSession, found: Sequence[_Found], acting: Acting) -> None:
        if not found:
            return
        ledger = Ledger(clean=str)
        facts = []
        for one in found:
            entry = ledger.add(Thread("report", one.arrival.id), _step(one), acting)
            facts.append(report_facts(one.arrival.id, fold([entry])))
        sealed = [item for one in found for item in self._vault.seal(one.arrival.id, _personal(one.arrival))]
        await ledger.store(session)
        await self._vault.store(session, sealed)
        await FactsRepository(session).put_reports(facts)
        uses = [(medium, one.arrival.id, 1, one.arrival.account_id) for one in found for medium in one.arrival.media]
        await ReportRepository(session).use_media(uses)

    def _row(self, found: _Found, acting: Acting) -> dict[str, Any]:
        arrival, seen = found.arrival, found.triage
        point, known = arrival.point, arrival.reporter.known
        return {
            "id": arrival.id,
            "receipt_no": "".join(secrets.choice(RECEIPT_ALPHABET) for _ in range(RECEIPT_LENGTH)),
            "query_digest": self._codes.digest(self._codes.code_of(arrival.id)),
            "state": ReportState.RECEIVED,
            "source": arrival.source,
            "kind": arrival.kind,
            "category": arrival.category,
            "condition": seen.condition,
            "catalogue": arrival.catalogue or found.book.catalogue.edition,
            "description": scrub(arrival.description, known).text,
            "address": scrub(arrival.address, known).text if arrival.address else None,
            "component_code": arrival.component_code,
            "tags": list(arrival.tags),
            "campaign": arrival.campaign,
            "attention": _attention(found),
            "datum": point.datum if point else None,
            "raw_lon": point.raw_lon if point else None,
            "raw_lat": point.raw_lat if point else None,
            "accuracy_m": point.accuracy_m if point else None,
            "located_from": point.located_from if point else None,
            "geom": point_wkb(point.lon, point.lat) if point else None,
            **asdict(seen.spot),
            "zones": dict(seen.spot.zones),
            "routing": routing_json(seen, found.book),
            "duplicates": [_duplicate_json(one) for one in found.duplicates],
            "contact": contact_mode(arrival.source, arrival.reporter.contact),
            "anonymous": arrival.reporter.anonymous,
            "public_answer": None,
            "end_reason": None,
            "answer_due_at": arrival.answer_due_at,
            "account_id": arrival.account_id,
            "verifier_id": None,
            "partner_id": arrival.partner_id,
            "order_no": arrival.order_no,
            "client_id": arrival.client_id,
            "body_digest": arrival.body_digest,
            "occurred_at": arrival.occurred_at,
            "received_at": acting.now,
            "updated_at": acting.now,
            "version": 1,
        }


def _cleaned(arrival: Arrival, components: Container[str]) -> Arrival:
    """Take names and numbers out of the short words that come with a report; a code that we know stays as it is."""
    known = arrival.reporter.known

    def clean(value: str | None) -> str | None:
        return scrub(value, known).text if value else None

    code = arrival.component_code
    return replace(
        arrival,
        category=clean(arrival.category),
        catalogue=clean(arrival.catalogue),
        component_code=code if code in components else clean(code),
        tags=tuple(scrub(tag, known).text for tag in arrival.tags),
        campaign=clean(arrival.campaign),
    )


def _first_of_each(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Drop arrivals whose client_id came earlier in the same batch."""
    seen: set[UUID] = set()
    kept = []
    for one in arrivals:
        if one.client_id is None or one.client_id not in seen:
            kept.append(one)
        if one.client_id is not None:
            seen.add(one.client_id)
    return kept


def _answer(arrival: Arrival, added: set[UUID], known: Mapping[UUID, Any]) -> Received:
    if arrival.id in added:
        return Received(report_id=arrival.id, created=True)
    assert arrival.client_id is not None  # noqa: S101  # only a known client_id keeps an arrival out
    first = known[arrival.client_id]
    same_maker = first.account_id == arrival.account_id and first.partner_id == arrival.partner_id
    if not same_maker or (arrival.account_id is None and first.body_digest != arrival.body_digest):
        raise ClientIdTaken("client_id 已被使用", fields={"client_id": str(arrival.client_id)})
    return Received(report_id=first.id, created=False)


def _attention(found: _Found) -> list[str]:
    raised = set(found.triage.attention)
    if found.duplicates:
        raised.add(Attention.POSSIBLE_DUPLICATE)
    return sorted(raised)


def _step(found: _Found) -> Draft:
    arrival, seen = found.arrival, found.triage
    payload = received_payload(
        source=arrival.source,
        kind=arrival.kind,
        category=arrival.category,
        campaign=arrival.campaign,
        desk=DESK,
        spot={**asdict(seen.spot), "zones": dict(seen.spot.zones)},
        unit_code=seen.decision.unit_code,
        author_id=arrival.account_id,
        answer_due_at=arrival.answer_due_at,
        attention=_attention(found),
    )
    return Draft(action=Action.RECEIVE, target=ReportState.RECEIVED, payload=payload)


def _personal(arrival: Arrival) -> dict[Personal, str | None]:
    """Return what belongs to the vault: who reports, and everything as it was said."""
    return {
        Personal.NAME: arrival.reporter.name,
        Personal.PHONE: arrival.reporter.phone,
        Personal.CALLBACK_PHONE: arrival.reporter.callback_phone,
        Personal.ADDRESS: arrival.address,
        Personal.ORIGINAL_TEXT: arrival.description,
        Personal.RAW_PAYLOAD: arrival.raw_payload,
    }


def point_wkb(lon: float, lat: float) -> str:
    """Return a canonical point as a geometry column takes it."""
    return wkb(Point(lon, lat))


def routing_json(seen: Triage, book: Book) -> dict[str, Any]:
    """Return what was decided, as it is kept with the report."""
    decision = seen.decision
    return {
        "unit_code": decision.unit_code,
        "decided_by": decision.decided_by.value,
        "rule_id": decision.rule_id,
        "alternatives": [{"unit_code": one.unit_code, "cell_code": one.cell_code} for one in seen.alternatives],
        "versions": {"book": book.number, **book.versions},
        "considered": [
            {"ground": c.ground, "rule_id": c.rule_id, "unit_code": c.unit_code, "lost_because": c.lost_because}
            for c in decision.considered
        ],
    }


def _duplicate_json(one: PossibleDuplicate) -> dict[str, Any]:
    return {
        "case_id": str(one.case_id),
        "case_no": one.case_no,
        "distance_m": round(one.distance_m, 1),
        "age_hours": round(one.age.total_seconds() / 3600, 1),
        "score": one.score,
    }

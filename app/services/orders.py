"""Orders to units (交办, 督办): issue them, answer and settle them, notice what was missed."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.dispatch.access import CITY_DESK, Actor, Sight, Thing, sight
from app.dispatch.book import Book
from app.dispatch.codes import Attention, CaseState, Post
from app.dispatch.commands import Supplement
from app.dispatch.errors import BadInput, Conflict, NotVisible
from app.dispatch.order_access import check_addressee, check_supervised, issuing, order_sight, permit_order
from app.dispatch.order_codes import OrderKind
from app.dispatch.order_decisions import OrderScene, OrderWanted, OrderWish, act, follow_up, issue, miss
from app.dispatch.policies import Policies
from app.dispatch.policy_book import About
from app.dispatch.scrub import scrub
from app.repositories.orders import CasePlace, OrderRepository
from app.services import idempotency
from app.services.acts import Act, Acts
from app.services.books import Books
from app.services.frame import Meta
from app.services.gathering import KNOWN
from app.services.ledger import Acting
from app.services.numbering import order_no
from app.services.order_ledger import HeldOrder, OrderLedger
from app.services.transaction import Sessions, writing
from app.services.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who issues, at which desk."""

    acting: Acting
    desk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Everything that changes orders. `city` goes before every number."""

    sessions: Sessions
    books: Books
    acts: Acts
    vault: Vault
    policies: Policies
    now: Callable[[], datetime]
    city: str

    async def issue(self, wanted: OrderWanted, actor: Actor, meta: Meta) -> UUID:
        """Issue an order in somebody's name; the same key gives the first one again.

        Raises NotPermitted, or BadInput for a unit or cases that are none of his.
        """
        held = issuing(actor, meta.as_post)
        order_id = uuid7()
        async with writing(self.sessions) as session:
            first = await idempotency.begin(session, meta.key, resource_id=order_id, status=201, now=self.now())
            if first is not None:
                return first.resource_id
            book = await self.books.agreed(session)
            check_addressee(held, wanted.unit_code, book.units_below, city=CITY_DESK)
            places = await _seen(session, wanted.case_ids, sight(actor, Thing.CASE, book.units_below))
            if wanted.kind is OrderKind.SUPERVISION:
                check_supervised(held, {one.desk for one in places}, city=CITY_DESK)
            acting = Acting(now=self.now(), post=held.post, actor_id=actor.account_id, on_behalf_of=meta.on_behalf_of)
            issuer = Issuer(acting=acting, desk=held.desk)
            await self._issue(session, book, wanted, issuer, places, order_id=order_id)
            if wanted.kind is OrderKind.SUPERVISION:
                await self._supervise(session, wanted.case_ids, acting)
        return order_id

    async def act(self, order_id: UUID, wish: OrderWish, actor: Actor, meta: Meta) -> None:
        """Do what a person wants done; nothing where the same key did it before.

        Raises, in this order: NotVisible, NotPermitted, BadInput, Stale, Conflict.
        """
        async with writing(self.sessions) as session:
            book = await self.books.agreed(session)
            held = await self._held(session, order_id)
            if not order_sight(actor, book.units_below).covers(held.standing):
                raise NotVisible
            if await idempotency.begin(session, meta.key, resource_id=order_id, status=200, now=self.now()) is not None:
                return
            post = permit_order(actor, wish.action, held.standing, book.units_below, as_post=meta.as_post)
            acting = Acting(now=self.now(), post=post, actor_id=actor.account_id, on_behalf_of=meta.on_behalf_of)
            await self._act(session, book, held, wish, acting, meta)

    async def _act(
        self, session: AsyncSession, book: Book, held: HeldOrder, wish: OrderWish, acting: Acting, meta: Meta
    ) -> None:
        try:
            draft = act(held.life, wish, self._scene(book, acting.now, held.row.desk, held.row.unit_code))
        except Conflict:
            meta.check(held.life.number)  # what was sent is judged first, then what the caller knew, then the state
            raise
        meta.check(held.life.number)
        ledger = await self._ledger(session, await OrderRepository(session).about(held.row.id))
        if held.life.passed(acting.now):
            await ledger.go_on(held, miss(held.life), Acting(now=acting.now, post=Post.POLICY))
        await ledger.go_on(held, draft, acting)

    async def supervise_within(
        self,
        session: AsyncSession,
        case_ids: Sequence[UUID],
        *,
        title: str,
        text: str,
        document_no: str,
        due_at: datetime | None,
        acting: Acting,
    ) -> list[UUID]:
        """Issue supervision orders for what a partner supervises, one a unit at work; the cases know already.

        A case that is with no unit yet is the desk's own to hurry: there is nobody to order. Nothing is refused.
        """
        book = await self.books.agreed(session)
        places = await _seen(session, case_ids, Sight(everywhere=True))
        at_work: dict[tuple[str, str], list[CasePlace]] = {}
        for place in places:
            if place.state is not CaseState.FILED and place.unit_code in book.units:
                at_work.setdefault((place.desk, place.unit_code or ""), []).append(place)
        issued = []
        for (desk, unit_code), some in sorted(at_work.items()):
            wanted = OrderWanted(
                kind=OrderKind.SUPERVISION,
                title=title,
                text=text,
                unit_code=unit_code,
                case_ids=tuple(one.id for one in some),
                document_no=document_no,
            )
            if due_at is not None and due_at > acting.now:
                wanted = replace(wanted, span=replace(wanted.span, due_at=due_at))
            issuer = Issuer(acting=acting, desk=desk)
            issued.append(await self._issue(session, book, wanted, issuer, some))
        return issued

    async def lock(self, session: AsyncSession, order_ids: Collection[UUID]) -> None:
        """Lock orders whose time may have come, before their timers are finished."""
        await OrderRepository(session).lock(order_ids)

    async def miss(self, session: AsyncSession, order_id: UUID, now: datetime) -> bool:
        """Say that an order was missed, and issue the one that follows; False where that is not so any more."""
        held = await self._held(session, order_id)
        if not held.life.passed(now):
            return False
        orders, book = OrderRepository(session), await self.books.agreed(session)
        case_ids, row = await orders.about(order_id), held.row
        acting = Acting(now=now, post=Post.POLICY)
        ledger = await self._ledger(session, case_ids)
        await ledger.go_on(held, miss(held.life), acting)
        missed = OrderWanted(
            kind=row.kind,
            title=row.title,
            text=row.body,
            unit_code=row.unit_code,
            case_ids=case_ids,
            document_no=row.document_no,
            generation=row.generation,
        )
        following = follow_up(missed, order_id, self._scene(book, now, row.desk, row.unit_code).policies)
        if following is not None and following.unit_code in book.units:
            issuer = Issuer(acting=replace(acting, on_behalf_of=row.on_behalf_of), desk=row.desk)
            places = await _seen(session, case_ids, Sight(everywhere=True))
            await self._issue(session, book, following, issuer, places)
        return True

    async def _issue(
        self,
        session: AsyncSession,
        book: Book,
        wanted: OrderWanted,
        issuer: Issuer,
        places: Collection[CasePlace],
        *,
        order_id: UUID | None = None,
    ) -> UUID:
        now = issuer.acting.now
        draft = issue(wanted, self._scene(book, now, issuer.desk, wanted.unit_code))
        number = await OrderRepository(session).next_number()
        row = {
            "id": order_id or uuid7(),
            "order_no": order_no(self.city, number, now),
            "desk": issuer.desk,
            "regions": sorted(_regions(book, wanted.unit_code).union(*(one.regions for one in places))),
            "follows": wanted.follows,
        }
        ledger = await self._ledger(session, wanted.case_ids)
        return await ledger.begin(draft, issuer.acting, row, set(wanted.case_ids))

    async def _supervise(self, session: AsyncSession, case_ids: Sequence[UUID], acting: Acting) -> None:
        """Put the cases under supervision, each by a step of its own."""
        step = Supplement(attention=Attention.SUPERVISED)
        for done in await self.acts.play(
            [Act(subject="case", subject_id=one, command=step, acting=acting) for one in sorted(set(case_ids))],
            within=session,
        ):
            if done.error is not None:
                raise done.error

    async def _held(self, session: AsyncSession, order_id: UUID) -> HeldOrder:
        row = (await OrderRepository(session).lock([order_id])).get(order_id)
        if row is None:
            raise NotVisible
        return await HeldOrder.of(session, row)

    async def _ledger(self, session: AsyncSession, case_ids: Collection[UUID]) -> OrderLedger:
        """Return what records steps, and leaves nobody's name or number in a text who reported one of the cases."""
        reports = await OrderRepository(session).reports_of(case_ids)
        opened = await self.vault.open(session, reports, KNOWN)
        known = {value for fields in opened.values() for values in fields.values() for value in values}
        return OrderLedger(session=session, clean=lambda text: scrub(text, known).text)

    def _scene(self, book: Book, now: datetime, desk: str, unit_code: str) -> OrderScene:
        policies = book.policies.of(About(desk=desk, units=book.units_above(unit_code)), now, self.policies)
        return OrderScene(now=now, calendar=book.calendar, units=book.units, policies=policies)


async def _seen(session: AsyncSession, case_ids: Collection[UUID], seen: Sight) -> list[CasePlace]:
    """Return where cases lie; raise BadInput for one that is not in sight."""
    found = await OrderRepository(session).places(case_ids, seen)
    missing = [str(one) for one in case_ids if one not in found]
    if missing:
        raise BadInput.at(["body", "case_ids"], f"没有这个案件：{missing[0]}", code="unknown_case")
    return [found[one] for one in sorted(found)]


_UNIT_LEVELS: Final = 4


def _regions(book: Book, unit_code: str) -> frozenset[str]:
    """Return the region that a unit belongs to, with those above it."""
    unit, found = book.units.get(unit_code), set[str]()
    code = getattr(unit, "region_code", None)
    while code and code not in found and len(found) < _UNIT_LEVELS:
        found.add(code)
        area = book.areas.get(code)
        code = area.parent_code if area else None
    return frozenset(found)

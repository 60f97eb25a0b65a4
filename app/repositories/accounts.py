"""All SQL about accounts, their posts and their refresh tokens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Actor, Appointment
from app.models import people
from app.models.people import Account, RefreshToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What signing in needs of an account."""

    account_id: UUID
    password_hash: str
    active: bool
    demo: bool
    epoch: int
    locked_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An account as it stands: may it still act, and as whom."""

    actor: Actor
    active: bool
    demo: bool
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A refresh token that was just used up."""

    account_id: UUID
    family: UUID


class AccountRepository:
    """Accounts within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def login(self, username: str) -> Login | None:
        """Return what signing in needs."""
        row = (await self._session.execute(select(Account).where(Account.username == username))).scalar_one_or_none()
        if row is None:
            return None
        return Login(
            account_id=row.id,
            password_hash=row.password_hash,
            active=row.active,
            demo=row.demo,
            epoch=row.epoch,
            locked_until=row.locked_until,
        )

    async def standing(self, account_id: UUID) -> Standing | None:
        """Return the account with its posts, in two reads."""
        row = await self._session.get(Account, account_id, populate_existing=True)
        if row is None:
            return None
        posts = await self._session.execute(
            select(people.Appointment)
            .where(people.Appointment.account_id == account_id)
            .order_by(people.Appointment.post, people.Appointment.id)
        )
        actor = Actor(
            account_id=row.id,
            username=row.username,
            name=row.name,
            appointments=tuple(_appointment(held) for held in posts.scalars()),
        )
        return Standing(actor=actor, active=row.active, demo=row.demo, epoch=row.epoch)

    async def count_failure(self, account_id: UUID, now: datetime, *, most: int, lock_for: timedelta) -> None:
        """Count a wrong password in one statement; the `most`-th in a row locks. An old lock starts the count anew."""
        failures = case((Account.locked_until.is_not(None), 1), else_=Account.failed_sign_ins + 1)
        await self._session.execute(
            update(Account)
            .where(Account.id == account_id, _unlocked(now))
            .values(failed_sign_ins=failures, locked_until=case((failures >= most, now + lock_for), else_=None))
        )

    async def clear_failures(self, account_id: UUID, now: datetime) -> bool:
        """Forget past failures; False when the account was locked while the password was being compared."""
        done = await self._session.execute(
            update(Account)
            .where(Account.id == account_id, _unlocked(now))
            .values(failed_sign_ins=0, locked_until=None)
            .returning(Account.id)
        )
        return done.scalar_one_or_none() is not None

    async def end_all(self, account_id: UUID, now: datetime) -> None:
        """Make everything that was ever signed for the account stop counting."""
        await self._session.execute(update(Account).where(Account.id == account_id).values(epoch=Account.epoch + 1))
        await self._revoke(RefreshToken.account_id == account_id, now)

    async def add_refresh(
        self, *, token_id: UUID, account_id: UUID, family: UUID, digest: bytes, now: datetime, expires_at: datetime
    ) -> None:
        """Store a refresh token."""
        await self._session.execute(
            insert(RefreshToken).values(
                id=token_id,
                account_id=account_id,
                family=family,
                digest=digest,
                issued_at=now,
                expires_at=expires_at,
            )
        )

    async def use_refresh(self, digest: bytes, now: datetime) -> Turned | None:
        """Use a refresh token up; only one of several callers gets it."""
        done = await self._session.execute(
            update(RefreshToken)
            .where(
                RefreshToken.digest == digest,
                RefreshToken.used_at.is_(None),
                RefreshToken.revoked_at.is_(None),
                RefreshToken.expires_at > now,
            )
            .values(used_at=now)
            .returning(RefreshToken.account_id, RefreshToken.family)
        )
        row = done.one_or_none()
        return None if row is None else Turned(account_id=row.account_id, family=row.family)

    async def revoke_family_of(self, digest: bytes, now: datetime) -> None:
        """End the family of a token that came a second time: one of the two who hold it stole it."""
        family = select(RefreshToken.family).where(RefreshToken.digest == digest, RefreshToken.used_at.is_not(None))
        await self._revoke(RefreshToken.family.in_(family), now)

    async def _revoke(self, which: ColumnElement[bool], now: datetime) -> None:
        await self._session.execute(
            update(RefreshToken)
            .where(which, RefreshToken.revoked_at.is_(None))
            .values(revoked_at=now)
            .execution_options(synchronize_session=False)
        )


def _unlocked(now: datetime) -> ColumnElement[bool]:
    return or_(Account.locked_until.is_(None), and_(Account.locked_until.is_not(None), Account.locked_until <= now))


def _appointment(row: people.Appointment) -> Appointment:
    return Appointment(post=row.post, desk=row.desk, region_code=row.region_code, unit_code=row.unit_code)

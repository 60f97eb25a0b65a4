"""Signing in, staying signed in, and who is asking."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.adapters.passwords import Passwords
from app.adapters.tokens import ACCESS_FOR, Tokens, digest_of, new_refresh_token
from app.dispatch.access import Actor
from app.dispatch.errors import TooMany, Unauthenticated
from app.repositories.accounts import AccountRepository, Login, Standing, Turned
from app.services.transaction import Sessions, reading, writing
from app.services.tries import Tries

REFRESH_FOR: Final = timedelta(days=14)
MOST_FAILURES: Final = 5
LOCK_FOR: Final = timedelta(minutes=15)
REMEMBER_S: Final = 2.0
"""Seconds for which an account's posts are believed without looking again: a removed post stops within five."""
_MOST_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a client gets when it has signed in."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


class Identity:
    """Everything about who somebody is. Demo accounts are strangers in production."""

    def __init__(
        self, sessions: Sessions, tokens: Tokens, passwords: Passwords, now: Callable[[], datetime], *, demo: bool
    ) -> None:
        """Take what is needed; `demo` lets demo accounts in."""
        self._sessions = sessions
        self._tokens = tokens
        self._passwords = passwords
        self._now = now
        self._demo = demo
        self._strangers = Tries(most=MOST_FAILURES, lock_for=LOCK_FOR)
        self._known: OrderedDict[UUID, tuple[float, Standing | None]] = OrderedDict()

    async def sign_in(self, username: str, password: str) -> Signed:
        """Return tokens for the right password; raise Unauthenticated, or TooMany after too many wrong ones.

        A name that nobody has is counted, locked and answered like one that somebody has, and takes as long.
        """
        login = await self._login(username)
        locked_until = login.locked_until if login else self._strangers.locked_until(username, self._now())
        _refuse_locked(locked_until, self._now())
        right = await self._passwords.matches(password, login.password_hash if login else None)
        if login is None or not right:
            await self._count_failure(username, login)
            raise _refused()
        return await self._begin(login)

    async def refresh(self, token: str) -> Signed:
        """Return new tokens for a refresh token; a token used twice ends its whole family."""
        now, digest = self._now(), digest_of(token)
        async with writing(self._sessions) as session:
            accounts = AccountRepository(session)
            turned = await accounts.use_refresh(digest, now)
            standing = await accounts.standing(turned.account_id) if turned else None
            if turned is None:
                await accounts.revoke_family_of(digest, now)
            elif standing is not None and self._welcome(standing):
                return await self._issue(accounts, turned, standing.epoch)
        raise Unauthenticated("登录已失效，请重新登录", code="invalid_token")

    async def actor(self, access_token: str) -> Actor:
        """Return who bears the token, with the posts held now; raise Unauthenticated."""
        bearer = self._tokens.check(access_token, self._now())
        standing = await self._standing(bearer.account_id)
        if standing is None or standing.epoch != bearer.epoch or not self._welcome(standing):
            raise Unauthenticated("登录已失效，请重新登录", code="invalid_token")
        return standing.actor

    async def _login(self, username: str) -> Login | None:
        async with reading(self._sessions) as session:
            login = await AccountRepository(session).login(username)
        return login if login and login.active and (self._demo or not login.demo) else None

    async def _count_failure(self, username: str, login: Login | None) -> None:
        if login is None:
            self._strangers.count(username, self._now())
            return
        async with writing(self._sessions) as session:
            await AccountRepository(session).count_failure(
                login.account_id, self._now(), most=MOST_FAILURES, lock_for=LOCK_FOR
            )

    async def _begin(self, login: Login) -> Signed:
        """Start a family of refresh tokens, unless others' guesses locked the account meanwhile."""
        async with writing(self._sessions) as session:
            accounts = AccountRepository(session)
            if not await accounts.clear_failures(login.account_id, self._now()):
                _refuse_locked(self._now() + LOCK_FOR, self._now())
            turned = Turned(account_id=login.account_id, family=uuid7())
            return await self._issue(accounts, turned, login.epoch)

    async def _issue(self, accounts: AccountRepository, turned: Turned, epoch: int) -> Signed:
        now, refresh_token = self._now(), new_refresh_token()
        await accounts.add_refresh(
            token_id=uuid7(),
            account_id=turned.account_id,
            family=turned.family,
            digest=digest_of(refresh_token),
            now=now,
            expires_at=now + REFRESH_FOR,
        )
        return Signed(
            access_token=self._tokens.sign(turned.account_id, epoch, now),
            refresh_token=refresh_token,
            expires_in=int(ACCESS_FOR.total_seconds()),
        )

    async def _standing(self, account_id: UUID) -> Standing | None:
        known = self._known.get(account_id)
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        async with reading(self._sessions) as session:
            standing = await AccountRepository(session).standing(account_id)
        self._known[account_id] = (time.monotonic() + REMEMBER_S, standing)
        self._known.move_to_end(account_id)
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return standing

    def _welcome(self, standing: Standing) -> bool:
        return standing.active and (self._demo or not standing.demo)


def _refused() -> Unauthenticated:
    return Unauthenticated("用户名或密码不正确", code="invalid_credentials")


def _refuse_locked(locked_until: datetime | None, now: datetime) -> None:
    if locked_until is not None and locked_until > now:
        wait = int((locked_until - now).total_seconds()) + 1
        raise TooMany("登录失败次数过多，请稍后再试", retry_after_s=wait, code="locked")

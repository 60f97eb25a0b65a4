"""The one tree of errors. The classes know no HTTP; `app/api/problems.py` maps each to a status.

GridcaseError
├── Unauthenticated            who is asking is not known
├── NotVisible                 not there, or not for this caller: the two look the same
├── NotPermitted               visible, but never this caller's action
├── BadInput                   what was sent cannot be taken
│   ├── Unreadable             not even parseable
│   ├── IdempotencyMismatch    the key was used for another body
│   ├── EvidenceRequired       policy asks for a photo
│   ├── TooLarge               beyond a stated limit
│   ├── UnsupportedType        a kind of file that is not taken
│   └── CalendarExhausted      a due time beyond the horizon of the calendar
├── Stale                      `If-Match` names an older version
├── Conflict                   the state does not allow it
│   ├── ActionNotAllowed       no such step from this state
│   ├── ClaimedByOther         a colleague has taken it from the queue
│   ├── ClientIdTaken          the id belongs to somebody else
│   └── IdempotencyInProgress  the same key is being worked on
├── TooMany                    a limit on frequency; says when to come back
└── Unavailable                the service cannot answer now; says when to come back
"""

from collections.abc import Mapping, Sequence
from datetime import datetime


class GridcaseError(Exception):
    """Carry a stable English `code`, a Chinese `detail` for people, and further `fields` for programs."""

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None, fields: Mapping[str, object] | None = None) -> None:
        """Take the Chinese text shown to people; `code` narrows the class's own one."""
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code
        self.fields: dict[str, object] = dict(fields or {})


class Unauthenticated(GridcaseError):
    """Nobody, or nobody we believe."""

    code = "unauthenticated"


class NotVisible(GridcaseError):
    """Absent or hidden; the text never says which."""

    code = "not_found"

    def __init__(self, detail: str = "没有找到这个对象") -> None:
        """Say the same for everything, so that nothing can be probed."""
        super().__init__(detail)


class NotPermitted(GridcaseError):
    """Seen, but not for this caller to do."""

    code = "not_permitted"


class BadInput(GridcaseError):
    """What was sent contradicts the contract; `fields["errors"]` lists where and why."""

    code = "bad_input"

    @classmethod
    def at(cls, where: Sequence[str | int], message: str, *, code: str | None = None) -> "BadInput":
        """Build the error of one field; `where` is its path."""
        return cls(message, code=code, fields={"errors": [{"where": list(where), "message": message}]})


class Unreadable(BadInput):
    """The bytes are not what they claim to be."""

    code = "unreadable"


class IdempotencyMismatch(BadInput):
    """An `Idempotency-Key` came again with another body."""

    code = "idempotency_mismatch"


class EvidenceRequired(BadInput):
    """Policy asks for photos that are not there."""

    code = "evidence_required"


class TooLarge(BadInput):
    """More bytes, rows or pixels than the stated limit."""

    code = "too_large"


class UnsupportedType(BadInput):
    """A kind of file or body that this call does not take."""

    code = "unsupported_type"


class CalendarExhausted(BadInput):
    """The limit does not run out within the horizon of the calendar (docs/clock.md)."""

    code = "calendar_exhausted"


class Stale(GridcaseError):
    """Somebody changed it since; `If-Match` names an older version."""

    code = "stale"


class Conflict(GridcaseError):
    """The present state does not allow it."""

    code = "conflict"


class ActionNotAllowed(Conflict):
    """No such step from this state; `fields` hold `state` and `allowed`."""

    code = "action_not_allowed"

    def __init__(self, action: str, state: str, allowed: Sequence[str], detail: str | None = None) -> None:
        """Name the action that was tried and what could be done instead."""
        super().__init__(
            detail or f"当前状态“{state}”不允许执行“{action}”", fields={"state": state, "allowed": list(allowed)}
        )


class ClaimedByOther(Conflict):
    """A colleague of the same post has claimed it; `fields` hold who, until when, and the post."""

    code = "claimed_by_other"

    def __init__(self, name: str, until: datetime, post: str) -> None:
        """Name the colleague and tell when the claim ends by itself."""
        at = until.isoformat()
        super().__init__(f"已由{name}认领，正在办理", fields={"claimed_by": name, "until": at, "post": post})


class ClientIdTaken(Conflict):
    """The client's id was used by somebody else, or for something else."""

    code = "client_id_taken"


class IdempotencyInProgress(Conflict):
    """The first request with this key has not finished yet."""

    code = "idempotency_in_progress"


class TooMany(GridcaseError):
    """Too often; `retry_after_s` says when to come back."""

    code = "too_many"

    def __init__(self, detail: str, *, retry_after_s: int, code: str | None = None) -> None:
        """Take the wait in whole seconds."""
        super().__init__(detail, code=code)
        self.retry_after_s = retry_after_s


class Unavailable(GridcaseError):
    """Not now; `retry_after_s` says when to come back."""

    code = "unavailable"

    def __init__(self, detail: str, *, retry_after_s: int = 2, code: str | None = None) -> None:
        """Take the wait in whole seconds."""
        super().__init__(detail, code=code)
        self.retry_after_s = retry_after_s

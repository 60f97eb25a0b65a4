"""What a policy may demand of an action beyond its schema: photos, and fields that are optional otherwise."""

from collections.abc import Collection, Iterator
from dataclasses import fields
from typing import Final, Protocol

from app.dispatch import commands
from app.dispatch.codes import Action, Post
from app.dispatch.errors import BadInput, EvidenceRequired

_MEDIA: Final = "media"
_OURS: Final = frozenset({Action.RELOCATE, Action.REPLY, Action.SUPPLEMENT, Action.EVALUATE})
"""Nobody at a post takes these."""
_NOT_ASKED: Final = frozenset({Post.POLICY, Post.PARTNER, Post.CITIZEN})
"""They give what they have."""
_WORTH_ASKING: Final = frozenset(
    {"public_answer", "internal_note", "text", "reason_code", "proposed_unit", "limit", "due_at"}
)
"""Optional fields that make sense whatever else the action says."""


def _taken_by_people(of: type[commands.Command]) -> Iterator[type[commands.Command]]:
    for one in of.__subclasses__():
        if hasattr(one, "action") and one.action not in _OURS:
            yield one
        yield from _taken_by_people(one)


def _optional(command: type[commands.Command]) -> tuple[str, ...]:
    """Return the fields that may be left out, and then say nothing."""
    return tuple(one.name for one in fields(command) if one.default is None or one.default == ())


_OPTIONAL: Final = {one.action: _optional(one) for one in _taken_by_people(commands.Command)}

WITH_EVIDENCE: Final = frozenset(action.value for action, names in _OPTIONAL.items() if _MEDIA in names)
"""The actions with which photos may be demanded."""
REQUIRABLE: Final = frozenset(
    f"{action}.{name}" for action, names in _OPTIONAL.items() for name in names if name in _WORTH_ASKING
)
"""The fields that may be demanded, as `action.field`."""


def required_of(action: Action, evidence: Collection[str], demanded: Collection[str]) -> tuple[str, ...]:
    """Return the fields that an action must bring, photos first; `demanded` as in `REQUIRABLE`."""
    photos = (_MEDIA,) if action in evidence else ()
    return photos + tuple(sorted(one.partition(".")[2] for one in demanded if one.partition(".")[0] == action))


class Demanding(Protocol):
    """The policies that demand something."""

    @property
    def evidence_required(self) -> tuple[str, ...]:
        """The actions that need photos."""
        ...

    @property
    def required_fields(self) -> tuple[str, ...]:
        """The fields that are needed, as `action.field`."""
        ...


def check(command: commands.Command, post: Post, policies: Demanding) -> None:
    """Raise EvidenceRequired or BadInput where a person's command lacks what policy demands of it."""
    if post in _NOT_ASKED:
        return
    for name in required_of(command.action, policies.evidence_required, policies.required_fields):
        given = getattr(command, name)
        if given is None or given == () or (isinstance(given, str) and not given.strip()):
            raise _missing(command.action, name)


def _missing(action: Action, name: str) -> BadInput:
    photos = name == _MEDIA
    policy = "evidence_required" if photos else "required_fields"
    message = f"按策略 {policy}，“{action}”须附照片" if photos else f"按策略 {policy}，“{action}”须填写 {name}"
    errors = [{"where": ["body", name], "message": message}]
    said = {"errors": errors, "policy": policy, "field": name, "action": action.value}
    return EvidenceRequired(message, fields=said) if photos else BadInput(message, code="field_required", fields=said)

"""The two base models, and times as they leave: RFC 3339 in the city's zone."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, PlainSerializer, field_validator

from app.dispatch.calendar import LOCAL_ZONE


class Body(BaseModel):
    """A body of our own clients: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)

    @field_validator("*", mode="after")
    @classmethod
    def _storable(cls, value: object) -> object:
        """Refuse what a database cannot hold: null characters and halves of a character."""
        texts = value if isinstance(value, list | tuple) else (value,)
        if any(isinstance(text, str) and not _is_storable(text) for text in texts):
            raise ValueError("含有不能保存的字符")
        return value


def _is_storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


class Answer(BaseModel):
    """A body we send."""

    model_config = ConfigDict(from_attributes=True)


EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)
"""Between these an instant can be told in every zone; beyond, what was stored could never be answered again."""


def tellable(value: datetime) -> datetime:
    """Refuse an instant at the very ends of the calendar, which has no name in some other zone."""
    if not EARLIEST <= value <= LATEST:
        raise ValueError("时间超出范围")
    return value


def _local(value: datetime) -> str:
    return value.astimezone(LOCAL_ZONE).isoformat()


Instant = Annotated[AwareDatetime, AfterValidator(tellable), PlainSerializer(_local, return_type=str)]
"""An aware instant; refused without an offset and at the ends of the calendar, answered in +08:00."""

"""The two base models, and times as they leave: RFC 3339 in the city's zone."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer

from app.dispatch.calendar import LOCAL_ZONE


class Body(BaseModel):
    """A body of our own clients: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)


class Answer(BaseModel):
    """A body we send."""

    model_config = ConfigDict(from_attributes=True)


def _local(value: datetime) -> str:
    return value.astimezone(LOCAL_ZONE).isoformat()


Instant = Annotated[AwareDatetime, PlainSerializer(_local, return_type=str)]
"""An aware instant; refused without an offset, answered in +08:00."""

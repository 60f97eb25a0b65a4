"""What a backup says of itself: `manifest.json`, its first member."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.adapters.archive import Damaged
from app.adapters.keys import Key

FORMAT: Final = "gridcase-backup"
LARGEST_BYTES: Final = 1024 * 1024
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyMark(_Part):
    """A key that the home had: never the key itself."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$", description="Its file's name without `.key`")]
    id: str
    fingerprint: Hex

    @classmethod
    def of(cls, name: str, key: Key) -> "KeyMark":
        """Describe a key."""
        return cls(name=name, id=key.id, fingerprint=key.fingerprint)

    def is_of(self, key: Key) -> bool:
        """Tell whether `key` is the one described."""
        return (key.id, key.fingerprint) == (self.id, self.fingerprint)


class HistoryMark(_Part):
    """How much history there was, and one digest over the ends of all its chains."""

    chains: int
    steps: int
    root: Hex


class Manifest(_Part):
    """The whole of it."""

    format: Literal["gridcase-backup"] = "gridcase-backup"
    version: Literal[1] = 1
    release: str
    city: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,20}$")]
    created_at: datetime
    revision: str
    postgresql: Annotated[int, Field(description="Major of the server that was saved")]
    pg_dump: Annotated[int, Field(description="Major of the program that saved it")]
    history: HistoryMark
    reports: int
    cases: int
    media: int
    keys: tuple[KeyMark, ...]
    used_key_ids: tuple[str, ...]
    with_keys: bool

    @classmethod
    def read(cls, content: bytes) -> "Manifest":
        """Parse it; raise Damaged when it is none that this release reads."""
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            raise Damaged(
                "备份的说明页读不懂（或由更新的版本写成）。 Its manifest cannot be read, or is of a newer release.",
                code="backup_manifest",
            ) from error

    def written(self) -> bytes:
        """Return it as it stands in the file."""
        return f"{self.model_dump_json(indent=2)}\n".encode()

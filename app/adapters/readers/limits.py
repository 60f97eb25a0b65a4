"""How much a file may bring, and how a file that cannot be taken is refused."""

from typing import Final

from app.dispatch.errors import BadInput
from app.dispatch.importing.findings import FAULTS, Finding, Where
from app.dispatch.tessellation import Severity

MIB: Final = 1024 * 1024
MOST_BYTES: Final = 256 * MIB
"""Bytes of a file as it comes."""
MOST_UNPACKED: Final = 1024 * MIB
"""Bytes of a zip's members together."""
MOST_MEMBERS: Final = 500
MOST_RATIO: Final = 200
"""Times that a member may be larger than packed, beyond its first MiB; a zip bomb has thousands."""
MOST_FEATURES: Final = 1_000_000
MOST_VERTICES: Final = 4_000_000
MOST_ROWS: Final = 1_000_000
MOST_COLUMNS: Final = 200


def refused(code: str, message: str, *, file: str, sheet: str | None = None, row: int | None = None) -> BadInput:
    """Return the refusal of a file that cannot be read at all, with its one finding."""
    assert code in FAULTS  # noqa: S101  # codes are ours
    found = Finding(code=code, severity=Severity.ERROR, where=Where(file=file, sheet=sheet, row=row), message=message)
    return BadInput(
        f"文件无法读取：{message}",
        code="unreadable_file",
        fields={"findings": [found.told()], "counts": {"errors": 1, "warnings": 0, "findings": {code: 1}}},
    )

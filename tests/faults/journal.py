"""What the loader writes down: every request before it leaves, every answer after it came. Read back from the file."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class Journal:
    """A file of JSON lines, flushed at each: what stands in it was known to the client."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.acknowledged = 0
        self._file = path.open("a", encoding="utf-8")

    def note(self, event: str, **more: Any) -> None:
        """Write one line; `event` is sent, answer, no_answer, ack, rejected, step or gave_up."""
        self.acknowledged += event == "ack"
        self._file.write(json.dumps({"event": event, **more}, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class Told:
    """The journal as it reads afterwards."""

    def __init__(self, path: Path) -> None:
        self._lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def of(self, event: str) -> Sequence[Mapping[str, Any]]:
        """Return the lines of one event."""
        return [line for line in self._lines if line["event"] == event]

    def sent(self) -> set[str]:
        """Return the keys of everything that was ever tried."""
        return {key for line in self.of("sent") for key in line["keys"]}

    def acknowledged(self) -> Mapping[str, set[str]]:
        """Return for every acknowledged key the report ids that were named to the client; more than one is a flaw."""
        found: dict[str, set[str]] = defaultdict(set)
        for line in self.of("ack"):
            found[line["key"]].add(line["report_id"])
        return found

    def statuses(self) -> Counter[int]:
        """Count the answers by their status."""
        return Counter(line["status"] for line in self.of("answer"))

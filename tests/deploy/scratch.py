"""A folder that stands for the container's root: steps of a Dockerfile are taken in it as far as that goes."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.deploy.dockerfile import Stage, Step

_ABSOLUTE: Final = re.compile(r"(?<![\w./])/(?=(?:opt|tmp|srv|var/lib/gridcase)\b)")


@dataclass(slots=True, kw_only=True)
class Scratch:
    """Paths of the image are moved below `root`; what was done and what was only read is kept for the report."""

    root: Path
    folder: str = "/"
    executed: list[str] = field(default_factory=list)
    read_only: list[str] = field(default_factory=list)

    def take(self, step: Step, stage: Stage, context: Path, names: Sequence[str]) -> None:
        """Take one step, or note why it was only read."""
        said = f"line {step.line}: {step.name} {step.text[:70]}"
        match step.name:
            case "RUN" if "apt-get" in step.text:
                self.read_only.append(f"{said} (names looked up in apt)")
                return
            case "RUN" if "useradd" in step.text and os.getuid() != 0:
                self.read_only.append(f"{said} (needs root)")
                return
            case "RUN":
                self._run(step, stage)
            case "COPY":
                self._copy(step, context, names)
            case "WORKDIR":
                self.folder = step.text
                self._inside(step.text).mkdir(parents=True, exist_ok=True)
            case "USER" | "EXPOSE" | "VOLUME":
                self.read_only.append(f"{said} (says how it is run)")
                return
        self.executed.append(said)

    def environment(self, stage: Stage) -> dict[str, str]:
        """Return what the stage's processes see."""
        python = f"{sys.base_prefix}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        passed = {
            name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTP", "http"))
        }
        found = stage.environment({**passed, "PATH": python, "HOME": str(self._inside("/tmp")), "LC_ALL": "C.UTF-8"})  # noqa: S108  # the scratch root's
        return {name: value if name in passed else self._moved(value) for name, value in found.items()}

    def run(self, words: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, as the container would."""
        return subprocess.run(  # noqa: S603  # the Dockerfile's own
            self._command(words, environment),
            cwd=self._inside(self.folder),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    @contextmanager
    def running(self, words: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        """Keep a command running for as long as the block lasts; it has to stop by SIGTERM as a container's would."""
        process = subprocess.Popen(  # noqa: S603  # the Dockerfile's own
            self._command(words, environment), cwd=self._inside(self.folder), env=environment
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise

    def report(self) -> str:
        """Say which steps were executed and which were only read."""
        return "\n".join(["", "executed:", *self.executed, "only read:", *self.read_only])

    def _run(self, step: Step, stage: Stage) -> None:
        text = self._moved(step.text)
        if "useradd" in text:
            for name in ("passwd", "group", "shadow", "gshadow"):
                place = self.root / "etc" / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.touch()
            text = re.sub(r"\b(groupadd|useradd)\b", rf"\1 --prefix {self.root}", text)
            text = text.replace(str(self._inside("/var/lib/gridcase")), "/var/lib/gridcase")  # below the prefix anyway
            (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        done = self.run(["/bin/sh", "-c", text], self.environment(stage))
        assert done.returncode == 0, f"{step.text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"

    def _copy(self, step: Step, context: Path, names: Sequence[str]) -> None:
        *sources, target = step.words
        place = self._inside(target if target.startswith("/") else f"{self.folder}/{target}")
        for source in sources if "from" not in step.options else ():
            for name in names if source == "." else [source]:
                into = place / name if source == "." else place
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(context / name, into)
        if "from" in step.options:  # stages share the one scratch root
            assert place.exists(), target

    def _inside(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def _moved(self, text: str) -> str:
        return _ABSOLUTE.sub(f"{self.root}/", text)

    def _command(self, words: Sequence[str], environment: dict[str, str]) -> list[str]:
        program = shutil.which(words[0], path=environment["PATH"])
        assert program is not None, words[0]
        return [program, *words[1:]]

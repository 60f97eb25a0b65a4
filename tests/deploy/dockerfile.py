"""Read a Dockerfile as strictly as it is read by what builds it; whatever is not understood is refused."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

KNOWN: Final = frozenset(
    {"FROM", "RUN", "COPY", "WORKDIR", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD", "ADD"}
)
_LINE: Final = re.compile(r"(?P<name>[A-Z]+)[ \t]+(?P<rest>.+)", re.DOTALL)
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One instruction: its options (`--from=…`), and its words or, for a shell form, its one text."""

    name: str
    options: Mapping[str, str]
    words: Sequence[str]
    is_list: bool
    line: int

    @property
    def text(self) -> str:
        """Return what a shell would be given."""
        return " ".join(self.words)


@dataclass(slots=True, kw_only=True)
class Stage:
    """What stands between one FROM and the next."""

    image: str
    name: str | None
    steps: list[Step] = field(default_factory=list)

    def of(self, name: str) -> list[Step]:
        """Return the steps of one kind."""
        return [step for step in self.steps if step.name == name]

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return what ENV makes of an environment."""
        found = dict(given)
        for step in self.of("ENV"):
            # the variables of one ENV do not see each other
            words = (word.partition("=") for word in step.words)
            found |= {name: _replaced(value, found) for name, _, value in list(words)}
        return found


def _replaced(value: str, known: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: known[match[1] or match[2]], value)


def parse(text: str) -> list[Stage]:
    """Return the stages; raise ValueError naming the line for whatever is not understood."""
    stages: list[Stage] = []
    for number, whole in _logical_lines(text):
        match = _LINE.fullmatch(whole)
        if match is None or match["name"] not in KNOWN:
            raise ValueError(f"line {number}: no instruction: {whole!r}")
        step = _step(match["name"], match["rest"], number)
        if step.name == "FROM":
            stages.append(_stage(step))
        elif not stages:
            raise ValueError(f"line {number}: {step.name} before FROM")
        else:
            stages[-1].steps.append(step)
    return stages


def _logical_lines(text: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    open_line: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#") or not line.strip():
            continue
        open_line.append(line.strip().removesuffix("\\").strip())
        if not line.rstrip().endswith("\\"):
            found.append((number, " ".join(open_line)))
            open_line = []
    if open_line:
        raise ValueError("the last line goes on nowhere")
    return found


def _step(name: str, rest: str, number: int) -> Step:
    options = {}
    while match := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
        options[match[1]] = match[2]
        rest = rest[match.end() :]
    if name == "HEALTHCHECK":
        if not rest.startswith("CMD "):
            raise ValueError(f"line {number}: HEALTHCHECK without CMD")
        rest = rest.removeprefix("CMD ").strip()
    if rest.startswith("["):
        words = json.loads(rest)
        return Step(name=name, options=options, words=words, is_list=True, line=number)
    words = [rest] if name == "RUN" else shlex.split(rest)
    return Step(name=name, options=options, words=words, is_list=False, line=number)


def _stage(step: Step) -> Stage:
    match step.words:
        case [image]:
            return Stage(image=image, name=None)
        case [image, "AS", name]:
            return Stage(image=image, name=name)
    raise ValueError(f"line {step.line}: FROM {step.text}")

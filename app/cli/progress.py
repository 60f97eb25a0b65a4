"""How long work shows how far it is: a bar on a terminal, a line now and then elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Played = Callable[[int, int], None]
"""Told how much of how much is done."""
_LINES: Final = 10
"""So many lines there are where nobody watches a bar."""


@contextmanager
def shown(title: str, *, console: Console | None = None) -> Iterator[Played]:
    """Show progress on stderr for as long as the block lasts."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _lines(title, console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(title: str, console: Console) -> Played:
    told = -1

    def tell(done: int, total: int) -> None:
        nonlocal told
        tenth = _LINES * done // total if total else 0
        if tenth > told:
            told = tenth
            console.print(f"{title} {100 * tenth // _LINES} %", soft_wrap=True, highlight=False)

    return tell

from pathlib import Path

from app.dispatch.counts import COUNTS, Count

PAGE = Path(__file__).parents[2] / "docs" / "figures-counts.md"
SIGNS = {"is": "", "not": "not ", "positive": "some "}


def _line(count: Count) -> str:
    told = [f"{SIGNS[flag.sign]}`{flag.column}`" for flag in count.flags]
    told += [f"`{count.passed}` passed"] if count.passed else []
    return f"| `{count.name}` | {count.of} | `{count.at}` | {', '.join(told) or '—'} |"


def test_the_page_tells_every_count_as_it_is_counted() -> None:
    told = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert told == [_line(count) for count in COUNTS]


def test_no_two_counts_share_a_name() -> None:
    assert len({count.name for count in COUNTS}) == len(COUNTS)

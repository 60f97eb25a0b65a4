from pathlib import Path

from app.dispatch.access import GRANTS, VIEWS
from app.dispatch.access_table import POSTS, render
from app.dispatch.codes import Post

PAGE = Path(__file__).parents[2] / "docs" / "access.md"


def test_the_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render()


def test_every_post_has_a_name_and_every_grant_a_line() -> None:
    assert set(POSTS) == set(Post)
    assert render().count("\n| ") >= len(GRANTS) + len({view.post for view in VIEWS})


def test_some_lines_by_hand() -> None:
    lines = render().splitlines()
    assert "| 处置单位 `unit` | — | 本单位及下级单位主办、协办、分办或曾经承办 |" in lines
    assert "| `close` | — | `checked` | `shift_lead` |" in lines
    assert any(line.startswith("| `accept_file_dispatch` |") and "`operator` + `shift_lead`" in line for line in lines)

"""What holds for the tree as a whole: sizes of files, the generated description of the API, no path out of here."""

import json
import statistics
from pathlib import Path

from app.main import create_app
from app.settings import Settings

ROOT = Path(__file__).parents[1]
LONGEST, MEDIAN = 400, 120


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_file_under_app_is_long_and_half_of_them_are_short() -> None:
    sizes = {path: lines_of(path) for path in (ROOT / "app").rglob("*.py")}
    assert [str(path) for path, size in sizes.items() if size > LONGEST] == []
    assert statistics.median(sizes.values()) < MEDIAN


def test_the_committed_description_of_the_api_is_what_the_code_says() -> None:
    committed = json.loads((ROOT / "openapi/openapi.json").read_text(encoding="utf-8"))
    generated = json.loads(json.dumps(create_app(Settings()).openapi()))
    assert generated == committed, "run `.venv/bin/gridcase openapi` and commit the difference"


def test_every_operation_says_what_it_does_and_every_field_what_it_means() -> None:
    described = json.loads((ROOT / "openapi/openapi.json").read_text(encoding="utf-8"))
    operations = [
        (path, method, one) for path, methods in described["paths"].items() for method, one in methods.items()
    ]
    ids = [one["operationId"] for _, _, one in operations]
    assert len(ids) == len(set(ids))
    assert [path for path, _, one in operations if not (one.get("description") or one.get("summary"))] == []
    ours = {name: one for name, one in described["components"]["schemas"].items() if "Validation" not in name}
    undescribed = [
        f"{name}.{field}"
        for name, one in ours.items()
        for field, how in one.get("properties", {}).items()
        if not how.get("description") and "$ref" not in how
    ]
    assert undescribed == []

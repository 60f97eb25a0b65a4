import os
from pathlib import Path

import pytest

from app.dispatch.errors import BadInput
from app.settings import Mode, load_settings


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GRIDCASE_")]:
        monkeypatch.delenv(name)


def test_nothing_has_to_be_set() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.city, settings.mode) == ("127.0.0.1", 8000, "demo", Mode.DEMO)
    assert settings.home == Path.cwd() / ".gridcase"
    assert settings.is_private


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eight"),
        ("PORT", "70000"),
        ("WORKERS", "0"),
        ("CITY", "City"),
        ("MODE", "test"),
        ("DATABASE_URL", "sqlite:///secret.db"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_without_being_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"GRIDCASE_{name}", value)
    with pytest.raises(BadInput, match=f"GRIDCASE_{name}: ") as caught:
        load_settings()
    assert "secret" not in caught.value.detail


def test_addresses_get_the_driver_and_stay_out_of_the_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDCASE_DATABASE_URL", "postgres://demo_app:pw@db/gridcase")
    settings = load_settings()
    assert settings.database_url == "postgresql+asyncpg://demo_app:pw@db/gridcase"
    assert not settings.is_private
    assert "pw" not in repr(settings)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDCASE_PORT", "")
    monkeypatch.setenv("GRIDCASE_DATABASE_URL", "")
    assert load_settings().is_private

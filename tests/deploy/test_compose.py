"""The example for containers: every setting in it is one, every command, volume and condition is there."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from app.settings import Settings, load_settings
from tests.deploy.commands import complaint
from tests.deploy.dockerfile import parse

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = {name: one for name, one in SERVICES.items() if "build" in one}
CLIENT_MAJOR: Final = {"bookworm": 15, "trixie": 17}
"""Which postgresql-client each Debian brings."""
_VARIABLE: Final = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?[^}]*)\}")


def _filled(value: str) -> str:
    """Replace variables by their defaults, and by a word where one has to be given."""
    return _VARIABLE.sub(lambda match: match["default"] if match["default"] is not None else "given", value)


def _environment(service: dict[str, Any]) -> dict[str, str]:
    return {name: _filled(str(value)) for name, value in service.get("environment", {}).items()}


def test_every_variable_has_a_default_or_is_asked_for() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert len(_VARIABLE.findall(text)) == text.count("${")


@pytest.mark.parametrize("name", OURS)
def test_its_settings_are_ours_and_are_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = _environment(OURS[name])
    assert [one for one in given if one.removeprefix("GRIDCASE_").lower() not in Settings.model_fields] == []
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    settings = load_settings()
    assert settings.mode == "production"
    assert f"{settings.city}_app:given@database/gridcase" in str(settings.database_url)
    assert (settings.admin_url is not None) is (name == "migrate")


@pytest.mark.parametrize("name", OURS)
def test_its_command_is_one_of_ours(name: str) -> None:
    [final] = parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))[-1].of("CMD")
    assert complaint(OURS[name].get("command", final.words)) is None


def test_all_that_is_waited_for_can_come() -> None:
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            other = SERVICES[name]
            match how["condition"]:
                case "service_healthy":
                    assert other["healthcheck"]["test"]
                case "service_completed_successfully":
                    assert other["restart"] == "on-failure"  # else it would never be over
                case unknown:
                    pytest.fail(unknown)
    assert SERVICES["api"].get("healthcheck") is None  # the image's own
    assert SERVICES["worker"]["healthcheck"] == {"disable": True}  # it answers nobody


def test_what_must_last_lies_in_volumes_that_are_declared() -> None:
    volumes = {name: [one.partition(":")[::2] for one in each.get("volumes", [])] for name, each in SERVICES.items()}
    assert {volume for each in volumes.values() for volume, _ in each} == set(COMPOSE["volumes"])
    final = parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))[-1]
    home = final.environment({"PATH": ""})["GRIDCASE_HOME"]
    assert [step.words for step in final.of("VOLUME")] == [[home]]
    assert {name: volumes[name] for name in OURS} == {name: [("home", home)] for name in OURS}


def test_images_are_named_to_the_version_and_nothing_is_open_to_the_world() -> None:
    for service in SERVICES.values():
        assert "build" in service or re.fullmatch(r"[\w/]+:\d[\w.-]*", service["image"])
        assert [port for port in service.get("ports", []) if not port.startswith("127.0.0.1:")] == []


def test_the_images_programs_are_not_older_than_the_database() -> None:
    """An older pg_dump refuses a newer server: `gridcase db backup` would not work."""
    server = int(SERVICES["database"]["image"].partition(":")[2].partition("-")[0])
    image = parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))[-1].image
    assert CLIENT_MAJOR[image.rpartition("-")[2]] >= server

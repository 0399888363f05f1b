"""docker-compose.yml and the Dockerfile say what the settings and the requirements do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = (ROOT / "jobsproject" / "settings.py").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))

KEYS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
"""What boto3 reads by itself."""
OF_THE_IMAGE = {"STATIC_ROOT"}
NOT_IN_A_DEPLOYMENT = {"DEBUG"}


def read_by_settings() -> set[str]:
    """The environment variables that the settings read."""
    pairs = re.findall(r'env\.\w+\(\s*"([A-Z0-9_]+)"(?:,\s*"([A-Z0-9_]+_S3)")?', SETTINGS)
    return {name for pair in pairs for name in pair if name}


def documented(page: str) -> set[str]:
    """The variables that have a line in a page's tables."""
    return set(re.findall(r"`([A-Z][A-Z0-9_]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE))))


def test_every_variable_that_is_read_has_a_line_in_the_reference() -> None:
    settings, _, others = REFERENCE.partition("\n## ")
    assert read_by_settings() == documented(settings)
    assert {"JOBS_SINKS_MAY", "JOBS_STORED_RESULTS_S3", "DATABASE_URL", "LOG_JSON", "DEBUG"} <= documented(settings)
    assert {"EMBEDDED_DATA", "OSV_URL"} <= documented(others)


def test_every_variable_of_the_private_servers_has_one_too() -> None:
    modules = [*(ROOT / "embedded").glob("*.py"), ROOT / "requirements" / "audit.py"]
    text = "\n".join(module.read_text(encoding="utf-8") for module in modules)
    read = set(re.findall(r'environ\.get\("([A-Z_]+)"', text)) - {"XDG_RUNTIME_DIR"}
    assert {"PORT", "EMBEDDED_STORE"} <= read
    assert read - documented(REFERENCE) == set()


def test_every_variable_of_compose_alone_has_one_too() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))
    assert {"LIVE_PORT", "POSTGRES_PASSWORD"} <= asked
    assert asked - documented(REFERENCE) == set()


def test_the_page_on_deployment_names_no_variable_that_nobody_reads() -> None:
    deploy = (ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
    assert documented(deploy) - read_by_settings() - KEYS == set()


@pytest.mark.parametrize("service", ["migrate", "web", "live", "beat", "worker"])
def test_every_variable_reaches_every_process(service: str) -> None:
    wanted = read_by_settings() | KEYS
    passed = set(COMPOSE["services"][service]["environment"])
    assert wanted - passed == OF_THE_IMAGE | NOT_IN_A_DEPLOYMENT
    assert not passed - wanted, "it passes what nobody reads"


def test_the_image_has_the_extras_of_sinks() -> None:
    [extras] = re.findall(r'^ARG EXTRAS="(.*)"$', DOCKERFILE, re.MULTILINE)
    assert extras.split() == ["kafka", "sftp"]
    assert COMPOSE["x-jobs"]["build"]["args"]["EXTRAS"] == f"${{EXTRAS-{extras}}}"
    for name in ["base", *extras.split(), "spark"]:
        assert (ROOT / "requirements" / f"{name}.txt").is_file()
        assert f"requirements/{name}.txt" in DOCKERFILE

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
    """The environment variables that the settings name."""
    return set(re.findall(r'(?<=")(?:[A-Z]+_)+[A-Z0-9]+(?=")', SETTINGS)) | {"DEBUG"}


def test_every_variable_that_is_read_has_a_line_in_the_reference() -> None:
    documented = set(
        re.findall(r"`([A-Z][A-Z0-9_]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", REFERENCE, re.MULTILINE)))
    )
    assert documented == {name for name in read_by_settings() if name in documented or name.startswith("JOBS_")}
    assert {"JOBS_SINKS_MAY", "JOBS_STORED_RESULTS_S3", "DATABASE_URL", "LOG_JSON"} <= documented


@pytest.mark.parametrize("service", ["migrate", "web", "live", "beat", "worker"])
def test_every_variable_reaches_every_process(service: str) -> None:
    wanted = {name for name in read_by_settings() if f"`{name}`" in REFERENCE} | KEYS
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

"""What somebody waits for comes to an answer, and no secret comes with it."""

from __future__ import annotations

from typing import Any

from structlog.testing import capture_logs

from jobs.errors import TransientError
from workers.answering import answered

SECRET = "s3cr3t"


def clean(value: Any) -> Any:
    """As the maskers do: whatever shape it has."""
    if isinstance(value, dict):
        return {name: clean(each) for name, each in value.items()}
    return value.replace(SECRET, "***") if isinstance(value, str) else value


def fail(error: Exception) -> Any:
    raise error


def test_a_crash_is_logged_with_its_place_and_without_the_secret() -> None:
    with capture_logs() as lines:
        answer = answered(lambda: fail(KeyError(f"postgresql://ann:{SECRET}@db")), clean=clean, operation=7)
    assert answer == {"error": {"message": "this is an error of the system, and it was logged", "code": "crash"}}
    [line] = lines
    assert (line["event"], line["operation"], line["log_level"]) == ("operation.crashed", 7, "error")
    assert "KeyError" in line["traceback"]
    assert "in fail" in line["traceback"]
    assert SECRET not in str(lines)
    assert "exc_info" not in line


def test_results_and_errors_are_told_without_it() -> None:
    assert answered(lambda: {"said": SECRET}, clean=clean) == {"result": {"said": "***"}}
    error = TransientError(f"no {SECRET}", code="down")
    assert answered(lambda: fail(error), clean=clean) == {"error": {"message": "no ***", "code": "down"}}

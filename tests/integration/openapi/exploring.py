"""Sending whatever schemathesis makes of an operation: what covers its parameters and its body, and random cases."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings

from jobsproject.openapi import document

REFUSED = "400"
"""A body may fit its schema and be refused all the same: for a time zone that there is not, two fields that exclude each other, a
secret that is missing. JSON Schema has no words for that; the answer does."""
KEY_REUSED = "422"
"""A body names an idempotency key that was used with another one."""
ACCEPTED = ["2xx", "401", "403", "404", "409", "410", "412", KEY_REUSED, REFUSED]
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)

Check = Callable[[schemathesis.Case[Any]], None]


def read_api() -> Any:
    """The document, as schemathesis reads it, before the real application."""
    checks = {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}
    read = schemathesis.openapi.from_dict(document(), config=schemathesis.Config.from_dict({"checks": checks}))
    read.app = _closing(get_wsgi_application())
    return read


def _closing(application: Any) -> Any:
    """The application as a server has it, which closes what it was answered with; schemathesis leaves files open."""

    def call(environment: dict[str, Any], start_response: Any) -> list[bytes]:
        with contextlib.closing(application(environment, start_response)) as answer:
            return [b"".join(answer)]

    return call


def cover(api: Any, operation: Any, check: Check, *, most: int) -> None:
    """Check up to so many cases that fit, and as many that do not."""
    made: Iterator[schemathesis.Case[Any]] = chain.from_iterable(
        islice(
            api.iter_coverage_cases(
                operation, generation_modes=[mode], generation_config=api.config.generation_for(operation=operation)
            ),
            most,
        )
        for mode in MODES
    )
    for case in made:
        check(case)


def make_up(operation: Any, check: Check, *, each: int, again: bool) -> None:
    """Check so many random cases that fit, and as many that do not; ``again``: the same ones each time."""
    for mode in MODES:
        bounded = settings(
            max_examples=each,
            deadline=None,
            database=None,
            derandomize=again,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        bounded(given(case=operation.as_strategy(generation_mode=mode))(check))()

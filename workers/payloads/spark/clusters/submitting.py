"""Submitting by spark-submit, for the clusters that take applications no other way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from jobs.errors import PermanentError
from workers.child import run_child
from workers.payloads.base import Work
from workers.payloads.spark.applications import Wanted
from workers.spark.installation import check_java, find_spark, inherited


def refuse_secrets(secrets: Sequence[str]) -> None:
    """Raise PermanentError when a script on a cluster is to have secrets: there is no way that keeps them private."""
    if secrets:
        raise PermanentError(
            "secrets: only a script that runs on the worker itself can have them; a cluster takes secret_configuration",
            code="secrets_refused",
        )


def submit(
    wanted: Wanted, *, master: str, own: Mapping[str, str], work: Work, secret_configuration: Mapping[str, str]
) -> str | None:
    """Run spark-submit in a child process; the id that it tells, if any.

    Args:
        own: Properties that make the submission what this system needs; they win over the payload's.

    Raises:
        PermanentError, TransientError: As `workers.spark.submitting.run` and `workers.child.run_child`.
    """
    spark = find_spark(settings.JOBS_SPARK_HOME)
    check_java()
    wanted = wanted.with_properties(own)
    spec: dict[str, Any] = {
        "application": wanted.application.to_json(),
        "script": wanted.script,
        "master": master,
        "spark": str(spark),
        "inherited": inherited(),
        "secret_configuration": dict(secret_configuration),
    }
    said = run_child(
        module="workers.spark.submitting", spec=spec, work=work, secrets=list(secret_configuration.values())
    )
    found = said["application_id"]
    return None if found is None else str(found)

"""Runs an application here, in a child process, or has a cluster run it and looks at it from time to time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from workers.child import run_child
from workers.payloads.base import JSON, Work, parameters_of
from workers.payloads.spark import tracking
from workers.payloads.spark.applications import wanted_of
from workers.payloads.spark.parameters import SparkParameters
from workers.payloads.spark.targets import Target, target_of
from workers.spark.installation import check_java, find_spark, inherited


class SparkExecutor:
    """Checks what the deployment allows, then runs the application where its target says."""

    def perform(self, work: Work) -> JSON:
        """Run the application. `workers.spark.local.run` and `workers.payloads.spark.tracking.perform` say what comes of it."""
        parameters = parameters_of(SparkParameters, work.parameters)
        target = target_of(parameters.target)
        if not target.is_local:
            return tracking.perform(work, parameters, target)
        return _run_here(work, parameters, target)

    def end(self, data: Mapping[str, Any]) -> bool:
        """Kill what a lost attempt, or a cancelled payload, has left on a cluster. True once it has certainly ended."""
        return tracking.end(data)


def _run_here(work: Work, parameters: SparkParameters, target: Target) -> JSON:
    spark = find_spark(settings.JOBS_SPARK_HOME)
    check_java()
    wanted = wanted_of(parameters, target=target, tag=tracking.tag_of(work), key=work.idempotency_key)
    secrets = {name: work.secret(name) for name in parameters.secrets}
    secret_configuration = {key: work.secret(name) for key, name in parameters.secret_configuration.items()}
    spec = {
        "application": wanted.application.to_json(),
        "script": wanted.script,
        "master": target.master,
        "spark": str(spark),
        "inherited": inherited(),
        "secrets": secrets,
        "secret_configuration": secret_configuration,
    }
    black_out = [*secrets.values(), *secret_configuration.values()]
    return run_child(module="workers.spark.local", spec=spec, work=work, secrets=black_out)


EXECUTOR = SparkExecutor()

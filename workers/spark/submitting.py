"""Hands an application to YARN or Kubernetes with spark-submit, in a child process of `workers.child`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.errors import TransientError
from workers.spark import driver_log
from workers.spark.application import Application, submit_command
from workers.spark.driver_log import DriverLog
from workers.spark.process import Says, environment, run_submit, write_private, write_properties

_YARN_ID = re.compile(r"Submitted application (application_\d+_\d+)")


def run(*, spec: Mapping[str, Any], channel: Says) -> dict[str, Any]:
    """Submit and do not wait for the end.

    Args:
        spec: As `workers.spark.local.run` takes it, without secrets for the script.
        channel: Gets spark-submit's lines.

    Returns:
        ``application_id``: YARN's; None where spark-submit names none.

    Raises:
        TransientError: spark-submit failed (``submit_failed``). Whether the cluster has the application all the same is not known.
    """
    application = Application.from_json(spec["application"])
    if spec["script"]:
        script = write_private(Path.cwd() / "script.py", spec["script"])
        application = application._replace(resource=str(script))
    properties = write_properties({**application.configuration, **spec["secret_configuration"]})
    command = submit_command(
        application,
        spark=Path(spec["spark"]),
        master=spec["master"],
        properties_file=properties,
        deploy_mode="cluster",
    )
    ids = _Ids(channel)
    env = environment(spark=Path(spec["spark"]), inherited=spec["inherited"])
    code, log = run_submit(command, channel=ids, env=env, secrets=list(spec["secret_configuration"].values()))
    if code and ids.found is None:
        raise _failure(code, log)
    return {"application_id": ids.found}


class _Ids:
    """Passes lines on and catches the id that one of them tells."""

    def __init__(self, channel: Says) -> None:
        self._channel = channel
        self.found: str | None = None

    def log(self, level: str, message: str) -> None:
        if found := _YARN_ID.search(message):
            self.found = found[1]
        self._channel.log(level, message)

    def progress(self, *, current: float, total: float | None = None, unit: str = "") -> None:
        self._channel.progress(current=current, total=total, unit=unit)


def _failure(code: int, log: DriverLog) -> TransientError:
    end = log.end
    reason = driver_log.cause(end) or (end[-1] if end else "it wrote nothing")
    return TransientError(
        f"spark-submit ended with exit code {code}: {reason}",
        code="submit_failed",
        details={"exit_code": code, "log": end},
    )

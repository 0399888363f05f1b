"""Runs an application on this machine, in a child process of `workers.child`: ``run(spec=..., channel=...)``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jobs.errors import PermanentError, TransientError
from workers.masking import Masker
from workers.spark import driver_log, event_log
from workers.spark.application import Application, submit_command
from workers.spark.driver_log import DriverLog
from workers.spark.event_log import EventLog
from workers.spark.process import Says, environment, run_submit, write_private, write_properties

RESULT_FILE = "JOBS_RESULT_FILE"
"""The environment variable that names the file into which an application may write a JSON value for its result."""
SECRETS_FILE = "JOBS_SECRETS_FILE"
"""The one that names the file with the secrets that the payload asks for: a JSON object, by the name of the secret."""


def run(*, spec: Mapping[str, Any], channel: Says) -> dict[str, Any]:
    """Run the application to its end.

    Args:
        spec: ``application`` as JSON; ``script``: its text, where it is not a file; ``master`` (``local[2]``), ``spark`` (the
            distribution's folder), ``inherited`` (of the worker's environment); ``secrets`` by name, and
            ``secret_configuration``: properties that hold some.
        channel: Gets the driver's lines, and the tasks done so far as progress.

    Returns:
        The application's id, stages, tasks, rows read and written, bytes written, the end of the driver's log, and ``value``:
        what the application has left in the file that JOBS_RESULT_FILE names.

    Raises:
        TransientError: It failed (``spark_failed``).
        PermanentError: It failed because of its own text: a syntax error, an unknown column, a class that is not there.
    """
    application = Application.from_json(spec["application"])
    events = _folder("events")
    script = _script(spec["script"]) if spec["script"] else application.resource
    application = application._replace(resource=script)
    properties = write_properties(_configuration(application, spec["secret_configuration"], events))
    command = submit_command(application, spark=Path(spec["spark"]), master=spec["master"], properties_file=properties)
    log = EventLog(events)
    secrets = [*spec["secrets"].values(), *spec["secret_configuration"].values()]
    code, lines = run_submit(
        command, channel=channel, env=_environment(spec), secrets=secrets, watch=lambda: _show(log, channel)
    )
    if code:
        raise failure(code, lines)
    return {**log.read_on().to_json(), "value": _value(secrets), "log": lines.end}


def failure(code: int, log: DriverLog) -> PermanentError | TransientError:
    """What to raise for a driver that ended with this exit code."""
    end = log.end
    reason = driver_log.cause(end) or (end[-1] if end else "it wrote nothing")
    message = f"the driver ended with exit code {code}: {reason}"
    kind = PermanentError if driver_log.is_final(end) else TransientError
    return kind(message, code="spark_failed", details={"exit_code": code, "log": end})


def _configuration(application: Application, secret: Mapping[str, str], events: Path) -> dict[str, str]:
    defaults = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1"}
    own = event_log.configuration(events.as_uri())
    return {**defaults, **application.configuration, **secret, **own}


def _environment(spec: Mapping[str, Any]) -> dict[str, str]:
    here = Path.cwd()
    secrets = write_private(here / "secrets.json", json.dumps(spec["secrets"]))
    files = {RESULT_FILE: str(here / "result.json"), SECRETS_FILE: str(secrets), "SPARK_LOCAL_IP": "127.0.0.1"}
    return environment(spark=Path(spec["spark"]), inherited=spec["inherited"], **files)


def _script(text: str) -> str:
    return str(write_private(Path.cwd() / "script.py", text))


def _folder(name: str) -> Path:
    path = Path.cwd() / name
    path.mkdir()
    return path


def _show(log: EventLog, channel: Says) -> None:
    figures = log.read_on()
    if figures.tasks_planned:
        channel.progress(current=figures.tasks, total=figures.tasks_planned, unit="tasks")


def _value(secrets: Sequence[str]) -> Any:
    path = Path.cwd() / "result.json"
    if not path.is_file():
        return None
    try:
        return Masker(secrets).data(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise PermanentError(f"what {RESULT_FILE} names holds no JSON: {error}", code="result") from error

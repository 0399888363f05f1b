"""What the commands about datasources share: which payload is meant, and waiting for a worker's answer."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from jobs.errors import ValidationError
from jobs.management.finding import job_named, workspace_named
from jobs.models import DatasourceOperation
from jobs.selectors.operations import operation_state
from jobs.services.datasource_operations import Chosen, choose, wait
from jobs.services.operations import TAKE_WITHIN

_WAIT_SECONDS = 2 * TAKE_WITHIN.total_seconds()


def add_payload_arguments(parser: CommandParser, *, key_needed: bool = True) -> None:
    """``WORKSPACE KEY [--payload N]``"""
    parser.add_argument("workspace")
    parser.add_argument("key", help="datasource:name", nargs=None if key_needed else "?")
    parser.add_argument(
        "--payload", type=int, metavar="N", help="0 for the first of its list; needed when it has several"
    )


def chosen(options: dict[str, Any]) -> Chosen:
    """The payload that the arguments name."""
    try:
        return choose(job=job_named(workspace_named(options["workspace"]), options["key"]), place=options["payload"])
    except ValidationError as error:
        raise CommandError(str(error)) from error


def answer_of(operation: DatasourceOperation) -> dict[str, Any]:
    """What a worker says. Fails with what went wrong, or when none takes it for two minutes."""
    ended = wait(operation=operation, seconds=_WAIT_SECONDS)
    if ended.error:
        raise CommandError(str(ended.error["message"]))
    if ended.result is None:
        state = operation_state(operation=ended, now=dt.datetime.now(dt.UTC))
        raise CommandError(f"no answer, the operation is {state}: is there a worker of the queue datasource?")
    return dict(ended.result)


def shown(data: object) -> str:
    """JSON for people."""
    return json.dumps(data, indent=2, ensure_ascii=False)

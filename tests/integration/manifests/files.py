"""Files of manifests, and the commands that read them."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

PING = """
key: task:ping
description: says hello
payload:
  - {kind: noop, name: first, timeout: 600s}
tags: [a]
metadata: {since: 2024-01-01, owner: null}
"""
EVERYTHING = """
manifest: concurrency_group
name: partner.example.org
limit: 5
rate: {count: 100, period: 1m}
---
manifest: sink
name: lake
kind: log
configuration: {}
description: where all of it goes
---
manifest: calendar
name: closed
exclusions: [{kind: holidays, country: DE}]
---
manifest: base
name: careful
configuration: {retry: {maximum_attempts: 4}, concurrency_group: partner.example.org}
tags: [careful]
---
manifest: job
key: task:after
extends: careful
payload: [{kind: noop, name: n}]
sinks: [{sink: lake}]
schedules:
  - name: when it is over
    triggers: [{type: job, jobs: ["task:before"]}]
---
key: task:before
extends: careful
tags: null
payload: [{kind: noop, name: n}]
---
manifest: schedule
job: task:before
name: nightly
timezone: Europe/Berlin
triggers: [{type: cron, expression: "0 0 3 * * ?"}]
exclusions: [{calendar: closed}]
---
manifest: datasource
name: arrivals
parameters: {source: {path: arrivals.csv}, destination: {postgresql: {database: default, table: arrivals}}}
timeout: 2m
tags: [transport]
---
manifest: notice_rule
name: tell
sink: lake
events: [failed]
jobs: {tags: [careful]}
"""
"""Each kind once, and what they share."""


def write(folder: Path, name: str, text: str) -> Path:
    """A file in the folder."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def command(name: str, *arguments: object, **options: Any) -> tuple[int, str]:
    """The exit code of a command in the workspace acme, and what it printed. Refusals are raised as CommandError."""
    out = StringIO()
    try:
        call_command(name, "acme", *map(str, arguments), stdout=out, **options)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def planned(*arguments: object, **options: Any) -> tuple[int, dict[str, Any]]:
    """The exit code of a plan, and the plan."""
    code, printed = command("jobs_plan", *arguments, json=True, **options)
    found: dict[str, Any] = json.loads(printed)
    return code, found


def actions(plan: dict[str, Any]) -> dict[str, str]:
    """What becomes of each object, by kind and name."""
    return {f"{each['kind']} {each['name']}": each["action"] for each in plan["objects"]}

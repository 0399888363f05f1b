"""The columns of each list. JSON has everything; these are what people look for first."""

from __future__ import annotations

import json
import operator
from typing import Any

from commandline.tables import Column
from commandline.words import done, moment, problem_of, size, took

Entry = dict[str, Any]


def file_name(file: Entry) -> str:
    """As ``jobsctl download`` takes it."""
    return f"{file['position']}/{file['name']}"


def schedule_name(schedule: Entry) -> str:
    """As the commands about schedules take it."""
    return f"{schedule['job']}/{schedule['name']}"


def _last_state(job: Entry) -> object:
    return (job.get("last_run") or {}).get("state")


def _last_at(job: Entry) -> object:
    return moment((job.get("last_run") or {}).get("created_at"))


def _progress(run: Entry) -> str:
    return f"{done(run)}/{run['counts']['total']}"


KEY = operator.itemgetter("key")
ID = operator.itemgetter("id")
"""What most things are named by."""

JOBS = (
    Column("job", lambda job: job["key"]),
    Column("state", lambda job: job["state"], painted=True),
    Column("last run", _last_state, painted=True),
    Column("at", _last_at),
    Column("description", lambda job: job["description"], prose=True),
)
RUNS = (
    Column("run", lambda run: run["id"], right=True),
    Column("job", lambda run: run["job"]),
    Column("state", lambda run: run["state"], painted=True),
    Column("trigger", lambda run: run["trigger"]),
    Column("created", lambda run: moment(run["created_at"])),
    Column("took", took, right=True),
    Column("done", _progress, right=True),
    Column("failed", lambda run: run["counts"]["failed"], right=True),
)
PAYLOADS = (
    Column("position", lambda payload: payload["position"], right=True),
    Column("name", lambda payload: payload["name"]),
    Column("kind", lambda payload: payload["kind"]),
    Column("state", lambda payload: payload["state"], painted=True),
    Column("attempts", lambda payload: payload["attempts"], right=True),
    Column("took", took, right=True),
    Column("error", problem_of, prose=True),
)
EVENTS = (
    Column("at", lambda event: moment(event["at"])),
    Column("event", lambda event: event["kind"]),
    Column("actor", lambda event: event["actor"]),
    Column("data", lambda event: json.dumps(event["data"]) if event["data"] else "", prose=True),
)
FILES = (
    Column("file", file_name),
    Column("size", lambda file: size(file["size_bytes"]), right=True),
    Column("type", lambda file: file["media_type"]),
    Column("made", lambda file: moment(file["created_at"])),
)
SCHEDULES = (
    Column("schedule", schedule_name),
    Column("state", lambda schedule: schedule["state"], painted=True),
    Column("next", lambda schedule: moment(schedule["next_fire_at"])),
    Column("when", lambda schedule: schedule["sentence"], prose=True),
)
TIMES = (
    Column("fires at", lambda time: moment(time["fire_at"])),
    Column("local", lambda time: time["local"].replace("T", " ")),
    Column("runs at", lambda time: moment(time["run_at"])),
    Column("skipped", lambda time: time["skipped"], prose=True),
)
FIRES = (
    Column("fire time", lambda fire: moment(fire["fire_at"])),
    Column("state", lambda fire: fire["state"], painted=True),
    Column("run", lambda fire: fire["run"], right=True),
    Column("reason", lambda fire: fire["reason"]),
    Column("detail", lambda fire: fire["detail"], prose=True),
)
DELIVERIES = (
    Column("delivery", lambda delivery: delivery["id"], right=True),
    Column("run", lambda delivery: delivery["run"], right=True),
    Column("sink", lambda delivery: delivery["sink"]),
    Column("state", lambda delivery: delivery["state"], painted=True),
    Column("payloads", lambda delivery: delivery["payloads"], right=True),
    Column("attempts", lambda delivery: delivery["attempts"], right=True),
    Column("due", lambda delivery: moment(delivery["due_at"])),
    Column("error", problem_of, prose=True),
)

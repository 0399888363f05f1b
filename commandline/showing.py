"""One thing, in detail."""

from __future__ import annotations

from typing import Any

from commandline import targets
from commandline.session import Session
from commandline.words import done, moment, problem_of, took


def show_job(session: Session, job: targets.Job) -> None:
    """A job: what it is, how it stands, and its last run."""
    found = session.api.get(job.path)
    last = found["last_run"] or {}
    session.output.answer(
        found,
        quiet=found["key"],
        text=lambda: session.output.details(
            [
                ("job", found["key"]),
                ("state", found["state"]),
                ("because", (found["state_change"] or {}).get("note")),
                ("goes on at", moment(found["resume_at"])),
                ("description", found["description"]),
                ("tags", ", ".join(found["tags"])),
                ("payloads", len(found["payload"])),
                ("schedules", ", ".join(f"{job}/{each['name']}" for each in found["schedules"])),
                ("sinks", ", ".join(each.get("sink") or each.get("name") or "" for each in found["sinks"])),
                ("version", found["version"]),
                ("updated", moment(found["updated_at"])),
                ("last run", f"{last['id']}, {last['state']}, {moment(last['created_at'])}" if last else "none"),
            ]
        ),
    )


def show_run(session: Session, run: targets.Run) -> None:
    """A run: where it stands and why, and what became of its results."""
    found = session.api.get(run.path)
    session.output.answer(found, quiet=found["id"], text=lambda: session.output.details(_of_run(found)))


def show_schedule(session: Session, schedule: targets.Schedule) -> None:
    """A schedule: when it fires next, and what was decided last."""
    schedule = targets.named(session.api, schedule)
    found = session.api.get(schedule.path)
    last = found["last_decision"] or {}
    session.output.answer(
        found,
        quiet=str(schedule),
        text=lambda: session.output.details(
            [
                ("schedule", schedule),
                ("state", found["state"]),
                ("when", found["sentence"]),
                ("timezone", found["timezone"]),
                ("next", moment(found["next_fire_at"])),
                ("problem", found["problem"]),
                ("last", f"{moment(last['fire_at'])} {last['state']} {last['detail']}".rstrip() if last else "none"),
            ]
        ),
    )


def _of_run(run: dict[str, Any]) -> list[tuple[str, object]]:
    counts = run["counts"]
    held, stopped = run["pause"] or {}, run["stop"] or {}
    return [
        ("run", run["id"]),
        ("job", run["job"]),
        ("state", run["state"]),
        ("error", problem_of(run)),
        ("trigger", run["trigger"]),
        ("by", run["actor"]),
        ("comment", run["comment"]),
        ("created", moment(run["created_at"])),
        ("started", moment(run["started_at"])),
        ("ended", moment(run["ended_at"])),
        ("took", took(run)),
        ("done", f"{done(run)} of {counts['total']}"),
        *((name, counts[name]) for name in ("failed", "cancelled", "running") if counts[name]),
        ("paused by", " ".join(filter(None, (held.get("actor"), held.get("note"))))),
        ("stopped by", " ".join(filter(None, (stopped.get("actor"), stopped.get("reason"), stopped.get("note"))))),
        ("repeats run", run["origin"]),
        *((f"sink {each['sink']}", _delivered(each)) for each in run.get("deliveries") or ()),
    ]


def _delivered(sink: dict[str, Any]) -> str:
    return ", ".join(f"{sink[name]} {name}" for name in ("delivered", "due", "dead", "waiting") if sink[name])

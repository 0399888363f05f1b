"""The JSON of what is told about schedules; docs/reference/api.md shows each."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from scheduler.backfilling import standing_words
from scheduler.selectors.backfills import BackfillView, Plan
from scheduler.selectors.edit_effects import EditEffect
from scheduler.selectors.explanations import Explanation
from scheduler.selectors.previews import Preview
from scheduler.selectors.simulations import Load


def preview_json(found: Preview) -> dict[str, Any]:
    """What a schedule will do."""
    return {
        "sentence": found.sentence,
        "timezone": found.timezone,
        "owes": found.owes,
        "next_fire_at": found.next_fire,
        "times": [
            {"fire_at": each.fire_at, "local": each.wall, "run_at": each.run_at, "skipped": each.skipped or None}
            for each in found.times
        ],
        "warnings": [asdict(warning) for warning in found.warnings],
        "remarks": found.remarks,
    }


def explanation_json(found: Explanation) -> dict[str, Any]:
    """Why a schedule did or did not run."""
    return {
        "verdict": found.verdict,
        "sentence": found.sentence,
        "fire_at": found.fire_at,
        "reason": found.reason or None,
        "run": found.run_id,
        "before": found.before,
        "after": found.after,
    }


def load_json(found: Load) -> dict[str, Any]:
    """The load to come, hour by hour."""
    return asdict(found)


def effect_json(found: EditEffect) -> dict[str, Any]:
    """What an edit would change."""
    return {
        "before": load_json(found.before),
        "after": load_json(found.after),
        "schedules": [asdict(change) for change in found.schedules],
    }


def plan_json(found: Plan) -> dict[str, Any]:
    """What a backfill would run."""
    return {
        "start": found.start,
        "end": found.end,
        "which": found.which,
        "total": len(found.wanted),
        "excluded": found.excluded,
        "undecided": found.undecided,
        "times": [
            {"fire_at": each.standing.fire_at, "runs": each.wanted, "stands": standing_words(each.standing)}
            for each in found.times
        ],
    }


def backfill_json(view: BackfillView) -> dict[str, Any]:
    """A backfill with its progress."""
    backfill = view.backfill
    return {
        "id": backfill.pk,
        "job": backfill.schedule.job.key,
        "schedule": backfill.schedule.name,
        "state": backfill.state,
        "state_change": backfill.state_change,
        "start": backfill.start_at,
        "end": backfill.end_at,
        "which": backfill.which,
        "limit": backfill.limit,
        "note": backfill.note,
        "actor": backfill.actor,
        "progress": asdict(view.progress),
        "created_at": backfill.created_at,
        "ended_at": backfill.ended_at,
    }

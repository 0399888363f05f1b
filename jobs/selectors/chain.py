"""How a run hangs together with others: what it came from, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connection
from django.db.models import QuerySet

from jobs.models import Run
from jobs.states import Trigger

MAX_ANCESTORS = 20
MAX_OFFSPRING = 100

_HEAVY = ("snapshot", "parameters", "error", "result", "pause", "stop")

_ANCESTORS = """
    WITH RECURSIVE line (id, origin_id, distance) AS (
        SELECT id, origin_id, 0 FROM jobs_run WHERE id = %s
        UNION ALL
        SELECT r.id, r.origin_id, line.distance + 1 FROM line JOIN jobs_run AS r ON r.id = line.origin_id WHERE line.distance < %s
    )
    SELECT id FROM line WHERE distance > 0 ORDER BY distance
"""


@dataclass(frozen=True, slots=True)
class Chain:
    """The runs around a run, without their snapshots, parameters, errors and results.

    Args:
        run: The run itself; its ``trigger``, ``actor``, ``comment`` and ``scheduled_for`` say what made it.
        ancestors: The run that it repeats, replays or was started by, then that one's, and so on: at most `MAX_ANCESTORS`.
        started: Runs of other jobs that it started, the newest first, as the next two; at most `MAX_OFFSPRING` of each kind.
        reruns: Runs that execute it again.
        replays: Runs that deliver its results again.
        more: Which of the three have more than that, by name.
    """

    run: Run
    ancestors: list[Run] = field(default_factory=list)
    started: list[Run] = field(default_factory=list)
    reruns: list[Run] = field(default_factory=list)
    replays: list[Run] = field(default_factory=list)
    more: frozenset[str] = frozenset()

    @property
    def origin(self) -> Run | None:
        """The nearest ancestor; None for a run that somebody, or a schedule, began."""
        return self.ancestors[0] if self.ancestors else None


def chain(*, run: Run) -> Chain:
    """The runs around a run, in five queries; a run that came from none takes three."""
    offspring = Run.objects.filter(workspace=run.workspace_id, origin=run.pk).defer(*_HEAVY).order_by("-pk")
    kinds = {
        "started": _page(offspring.exclude(trigger__in=(Trigger.RERUN, Trigger.REPLAY))),
        "reruns": _page(offspring.filter(trigger=Trigger.RERUN)),
        "replays": _page(offspring.filter(trigger=Trigger.REPLAY)),
    }
    more = frozenset(name for name, found in kinds.items() if len(found) > MAX_OFFSPRING)
    shown = {name: found[:MAX_OFFSPRING] for name, found in kinds.items()}
    return Chain(run, _ancestors(run) if run.origin_id else [], **shown, more=more)


def _page(runs: QuerySet[Run]) -> list[Run]:
    """One more than is shown, to know whether there are more."""
    return list(runs[: MAX_OFFSPRING + 1])


def _ancestors(run: Run) -> list[Run]:
    with connection.cursor() as cursor:
        cursor.execute(_ANCESTORS, (run.pk, MAX_ANCESTORS))
        ids = [row[0] for row in cursor.fetchall()]
    found = Run.objects.filter(workspace=run.workspace_id).defer(*_HEAVY).in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]

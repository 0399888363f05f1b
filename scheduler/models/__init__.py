"""What the scheduler stores: schedules, what was decided of each of their fire times, whom they wait for, and backfills."""

from scheduler.models.backfill import Backfill, BackfillTime
from scheduler.models.ending import Ending
from scheduler.models.fire import Fire
from scheduler.models.schedule import Schedule
from scheduler.models.upstream import Upstream

__all__ = ["Backfill", "BackfillTime", "Ending", "Fire", "Schedule", "Upstream"]

"""The Scheduler's pages in the admin."""

from scheduler.admin import schedules

__all__ = ["schedules"]

"""The Scheduler's pages in the admin."""

from scheduler.admin import backfills, schedules

__all__ = ["backfills", "schedules"]

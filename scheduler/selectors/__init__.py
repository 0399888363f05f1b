"""Reads, for the admin, the API and the commands alike."""

from scheduler.selectors.cycles import cycle_through

__all__ = ["cycle_through"]

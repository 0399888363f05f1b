"""The Scheduler."""

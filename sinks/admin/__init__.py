"""Sinks and deliveries in the admin."""

from sinks.admin import deliveries, rules, sinks

__all__ = ["deliveries", "rules", "sinks"]

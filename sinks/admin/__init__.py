"""Sinks and deliveries in the admin."""

from sinks.admin import deliveries, sinks

__all__ = ["deliveries", "sinks"]

"""Sinks and deliveries in the API."""

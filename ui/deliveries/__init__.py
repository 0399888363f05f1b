"""Sinks, and what is delivered to them."""

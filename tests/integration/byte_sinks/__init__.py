"""Sinks of bytes against real servers."""

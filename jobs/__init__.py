"""What to run, and every run of it."""

__version__ = "0.1.0"

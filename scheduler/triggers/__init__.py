"""Triggers: when a schedule fires. Pure code: it reads no clock, no settings and no database.

Each module is one way to say when, and each trigger is a frozen dataclass made by a ``parse``; `base` has what they share.
"""

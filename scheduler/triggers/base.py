"""What every trigger can do, and how one is refused."""

from __future__ import annotations

import datetime as dt
from typing import NoReturn, Protocol

from jobs.errors import FieldError, ValidationError


class Trigger(Protocol):
    """One way to say when. Firing, preview and lateness all ask it the same question."""

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first fire time strictly later than an instant.

        Args:
            instant: Aware UTC datetime; microseconds count.

        Returns:
            Aware UTC datetime, or None when the trigger never fires again.
        """
        ...

    def describe(self) -> str:
        """One plain English sentence without a full stop, such as "At 12:00 on Monday to Friday"."""
        ...


def refuse(field: str, message: str) -> NoReturn:
    """Refuse what was written in one field.

    Args:
        field: The field's name or dotted path below the trigger, such as ``day_of_month``.
        message: What is wrong, and what is allowed.

    Raises:
        ValidationError: Always.
    """
    raise ValidationError([FieldError(field, message)])

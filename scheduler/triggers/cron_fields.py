"""What the fields of cron expressions have in common: names, bounds, and reading numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.triggers.base import refuse
from scheduler.triggers.pattern import FIRST_YEAR, LAST_YEAR

MAX_LENGTH = 1000
"""Characters; an expression that names each minute and each second has 360."""

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}


@dataclass(frozen=True, slots=True)
class CronField:
    """One field: its name in errors, its bounds, and its names in capitals."""

    name: str
    least: int
    most: int
    names: Mapping[str, int] = field(default_factory=dict)

    @property
    def allowed(self) -> str:
        """The single values, for an error: ``1 to 12 or JAN to DEC``."""
        names = list(self.names)
        return f"{self.least} to {self.most}" + (f" or {names[0]} to {names[-1]}" if names else "")

    def value(self, text: str) -> int:
        """Read one number or name.

        Args:
            text: Digits or capitals.

        Raises:
            ValidationError: It is neither a name of this field nor a number within its bounds.
        """
        number = self.names.get(text) if text.isalpha() else int(text)
        if number is None or not self.least <= number <= self.most:
            refuse(self.name, f"{text} is out of place: allowed are {self.allowed}")
        return number


SECONDS = CronField("seconds", 0, 59)
MINUTES = CronField("minutes", 0, 59)
HOURS = CronField("hours", 0, 23)
DAY_OF_MONTH = CronField("day_of_month", 1, 31)
MONTH = CronField("month", 1, 12, MONTH_NUMBERS)
YEAR = CronField("year", FIRST_YEAR, LAST_YEAR)


def split_expression(text: object) -> list[str]:
    """The fields of an expression, which spaces and tabs separate; what is around them does not count.

    Raises:
        ValidationError: It is no text, too long, or not ASCII: a dash out of a word processor looks like a minus, and is none.
    """
    if not isinstance(text, str):
        refuse("expression", "expected a text such as 0 12 * * *")
    if len(text) > MAX_LENGTH:
        refuse("expression", f"{len(text):,} characters are too many: allowed are {MAX_LENGTH:,}")
    strange = next((letter for letter in text if not letter.isascii()), None)
    if strange is not None:
        refuse(
            "expression",
            f"{strange!r} is not allowed: expected ASCII letters, digits and signs, and a plain - for a range",
        )
    return re.split(r"[ \t]+", text.strip()) if text.strip() else []

"""The fields of a calendar: what may be written into each, and the numbers that it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.triggers.base import refuse
from scheduler.triggers.times import shown

_DIGITS = re.compile(r"[0-9]{1,4}")
_WEEKDAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
_MONTHS = (
    *("JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE"),
    *("JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"),
)
_RANGE_KEYS = {"start", "end", "step"}


@dataclass(frozen=True, slots=True)
class CalendarField:
    """One field: its bounds, its names, and the value that stands for it when it is left out."""

    name: str
    least: int
    most: int
    default: object = "*"
    names: Mapping[str, int] = field(default_factory=dict)
    shortest_prefix: int = 0

    def read(self, value: object, *, path: str) -> frozenset[int]:
        """The numbers that a value means.

        Args:
            value: ``*``, a whole number, its digits, a name or the beginning of one in any case, an object
                ``{start, end?, step?}``, or a list of these. A range without end is its start alone.
            path: The field's dotted path for the error.

        Returns:
            At least one number within the bounds.

        Raises:
            ValidationError: It is anything else, or out of bounds.

        Source: docs/reference/triggers/calendar.md.
        """
        if not isinstance(value, list):
            return self._item(value, path)
        if not value:
            refuse(path, "expected at least one value; leave the field out for its default")
        return frozenset().union(*(self._item(item, f"{path}.{at}") for at, item in enumerate(value)))

    @property
    def everything(self) -> frozenset[int]:
        """All numbers that the field can have."""
        return frozenset(range(self.least, self.most + 1))

    def _item(self, value: object, path: str) -> frozenset[int]:
        if isinstance(value, dict):
            return self._range(value, path)
        return self.everything if value == "*" else frozenset({self._number(value, path)})

    def _range(self, value: dict[object, object], path: str) -> frozenset[int]:
        if "start" not in value or not _RANGE_KEYS.issuperset(value):
            refuse(path, f"expected a range of start, end and step, of which start is required, not {shown(value)}")
        start = self._number(value["start"], f"{path}.start")
        end = self._number(value["end"], f"{path}.end") if "end" in value else start
        step = self._step(value["step"], f"{path}.step") if "step" in value else 1
        if end < start:
            refuse(path, f"ends at {end}, before its start at {start}: expected a list of two ranges{self._hint(end)}")
        return frozenset(range(start, end + 1, step))

    def _hint(self, end: int) -> str:
        return ", and 7 for a Sunday at its end" if self.name == "dayOfWeek" and end == 0 else ""

    def _step(self, value: object, path: str) -> int:
        step = _as_number(value)
        if step is None or step < 1:
            refuse(path, f"expected a whole number of 1 or more, not {shown(value)}")
        return step

    def _number(self, value: object, path: str) -> int:
        number = _as_number(value)
        if number is None and isinstance(value, str):
            number = self._named(value.upper())
        if number is None or not self.least <= number <= self.most:
            refuse(path, f"expected {self._allowed()}, not {shown(value)}")
        return number

    def _named(self, text: str) -> int | None:
        if len(text) < self.shortest_prefix:
            return None
        return next((number for name, number in self.names.items() if name.startswith(text)), None)

    def _allowed(self) -> str:
        bounds = f"{self.least} to {self.most}"
        if not self.names:
            return bounds
        return (
            f"{bounds}, or a name such as {next(iter(self.names))} or its first {self.shortest_prefix} or more letters"
        )


def _as_number(value: object) -> int | None:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


SECOND = CalendarField("second", 0, 59, default=0)
MINUTE = CalendarField("minute", 0, 59, default=0)
HOUR = CalendarField("hour", 0, 23, default=0)
DAY_OF_MONTH = CalendarField("dayOfMonth", 1, 31)
MONTH = CalendarField("month", 1, 12, names={name: at for at, name in enumerate(_MONTHS, 1)}, shortest_prefix=3)
YEAR = CalendarField("year", 2000, 2100)
DAY_OF_WEEK = CalendarField("dayOfWeek", 0, 7, names={name: at for at, name in enumerate(_WEEKDAYS)}, shortest_prefix=2)
"""0 and 7 are Sunday."""
FIELDS = (SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, YEAR, DAY_OF_WEEK)

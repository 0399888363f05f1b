"""Quartz cron: 6 or 7 fields, from seconds to years, as ``org.quartz.CronExpression`` documents it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from scheduler.triggers.base import refuse
from scheduler.triggers.cron_fields import (
    DAY_OF_MONTH,
    HOURS,
    MINUTES,
    MONTH,
    SECONDS,
    WEEKDAYS,
    YEAR,
    CronField,
    split_expression,
)
from scheduler.triggers.month_days import (
    LastDay,
    LastWeekday,
    MonthDays,
    NearestWorkingDay,
    NthWeekday,
    OnDays,
    OnWeekdays,
)
from scheduler.triggers.pattern import FIRST_YEAR, LAST_YEAR, WallPattern
from scheduler.triggers.pattern_words import pattern_sentence
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap, next_instant
from scheduler.triggers.words import count_of

QUARTZ_RULE = DstRule(Gap.SKIP, Overlap.QUARTZ)
"""What Quartz does: a time that does not exist does not fire, and one that comes twice fires on its second pass."""
FIRING_RULE = DstRule(Gap.SKIP, Overlap.SECOND)
"""The same fires, for who may ask between two passes as a union of triggers does: `QUARTZ_RULE` then misses the second one."""

_DAY_OF_WEEK = CronField("day_of_week", 1, 7, {name: number for number, name in enumerate(WEEKDAYS, 1)})
_FIELDS = (SECONDS, MINUTES, HOURS, DAY_OF_MONTH, MONTH, _DAY_OF_WEEK, YEAR)
_ELEMENT = re.compile(
    r"(?:(?P<star>\*)|(?P<first>[0-9]+|[A-Z]{3})(?:-(?P<last>[0-9]+|[A-Z]{3}))?)?(?:/(?P<step>[0-9]+))?"
)
_FROM_LAST = re.compile(r"L(?:-(?P<before>[0-9]+))?(?P<working>W)?")
_NEAREST = re.compile(r"(?P<day>[0-9]+)W")
_LAST_WEEKDAY = re.compile(r"(?P<weekday>[0-9]+|[A-Z]{3})L")
_NTH_WEEKDAY = re.compile(r"(?P<weekday>[0-9]+|[A-Z]{3})#(?P<nth>[0-9]+)")
_MOST_BEFORE_LAST = 30
_ALONE = {
    "day_of_month": ", or one of ?, L, LW, L-3, L-3W and 15W alone",
    "day_of_week": ", or one of ?, L, 6L, FRIL, 6#3 and FRI#3 alone",
}


@dataclass(frozen=True, slots=True)
class QuartzCron:
    """A Quartz expression in a zone."""

    text: str
    zone: ZoneInfo
    rule: DstRule
    pattern: WallPattern
    days: MonthDays

    @classmethod
    def parse(cls, text: str, *, zone: ZoneInfo, rule: DstRule | None = None) -> QuartzCron:
        """Read an expression.

        Args:
            text: Seconds, minutes, hours, day of month, month, day of week and, if need be, year; at most 1,000 characters.
            zone: The zone whose clock it means.
            rule: What to do when clocks are moved; None for what Quartz does.

        Raises:
            ValidationError: It is malformed. What Quartz takes by accident (``99`` for any weekday, text after a name, a step of 0)
                is refused, too.

        Source: https://www.quartz-scheduler.org/api/2.3.0/org/quartz/CronExpression.html; tests/vectors/quartz.open.jsonl.
        """
        fields = split_expression(text)
        if len(fields) not in {6, 7}:
            refuse(
                "expression",
                f"{count_of(len(fields), 'field')} make no Quartz expression: expected 6 or 7 (seconds, minutes, hours, "
                "day of month, month, day of week, and perhaps year), such as 0 0 12 ? * MON-FRI",
            )
        seconds, minutes, hours, day_of_month, month, day_of_week, *year = (each.upper() for each in fields)
        days = _days(day_of_month, day_of_week)
        pattern = WallPattern(
            seconds=_values(seconds, SECONDS),
            minutes=_values(minutes, MINUTES),
            hours=_values(hours, HOURS),
            months=_values(month, MONTH),
            years=_years(year[0] if year else "*"),
            days=days,
        )
        return cls(text, zone, rule or QUARTZ_RULE, pattern, days)

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first fire time strictly later than an aware UTC datetime; None when there is none up to the year 2126."""
        return next_instant(self.pattern.next_wall, instant, self.zone, self.rule)

    def describe(self) -> str:
        """The expression in plain English: ``At 12:00 on Monday to Friday``."""
        return pattern_sentence(self.pattern, self.days)


def _days(day_of_month: str, day_of_week: str) -> MonthDays:
    if (day_of_month == "?") == (day_of_week == "?"):
        refuse("day_of_week", "exactly one of day of month and day of week must be ?: Quartz cannot combine them")
    return _weekday_rule(day_of_week) if day_of_month == "?" else _month_day_rule(day_of_month)


def _month_day_rule(text: str) -> MonthDays:
    if match := _FROM_LAST.fullmatch(text):
        before = int(match["before"] or 0)
        if before > _MOST_BEFORE_LAST:
            refuse(DAY_OF_MONTH.name, f"{text} goes back too far: allowed are L-0 to L-{_MOST_BEFORE_LAST}")
        return LastDay(before, working=bool(match["working"]))
    if match := _NEAREST.fullmatch(text):
        return NearestWorkingDay(DAY_OF_MONTH.value(match["day"]))
    return OnDays(_values(text, DAY_OF_MONTH))


def _weekday_rule(text: str) -> MonthDays:
    if text == "L":  # the last day of the week, which in Quartz is Saturday
        return OnWeekdays((6,))
    if match := _LAST_WEEKDAY.fullmatch(text):
        return LastWeekday(_DAY_OF_WEEK.value(match["weekday"]) - 1)
    if match := _NTH_WEEKDAY.fullmatch(text):
        nth = int(match["nth"])
        if not 1 <= nth <= 5:
            refuse(_DAY_OF_WEEK.name, f"{text} is no day: allowed after # are 1 to 5")
        return NthWeekday(_DAY_OF_WEEK.value(match["weekday"]) - 1, nth)
    return OnWeekdays(tuple(number - 1 for number in _values(text, _DAY_OF_WEEK)))


def _years(text: str) -> range | tuple[int, ...]:
    return range(FIRST_YEAR, LAST_YEAR + 1) if text == "*" else _values(text, YEAR)


def _values(text: str, field: CronField) -> tuple[int, ...]:
    """The numbers of a comma-separated list, sorted and without doubles."""
    return tuple(sorted({number for element in text.split(",") for number in _element(element, field)}))


def _element(text: str, field: CronField) -> list[int]:
    """The numbers of one element: ``*``, ``5``, ``2-6``, ``FRI-MON``, each but a name with a step."""
    match = _ELEMENT.fullmatch(text)
    if match is None or not text:
        refuse(field.name, f"{text!r} is not understood: {_expected(field)}")
    step = _step(match, field)
    if match["first"] is None:
        return list(range(field.least, field.most + 1, step))
    first = field.value(match["first"])
    if match["last"] is None:
        return list(range(first, field.most + 1, step)) if match["step"] else [first]
    if match["first"].isalpha() != match["last"].isalpha():
        refuse(field.name, f"{text} mixes a number and a name: write a range with two of the same kind")
    return _range(first, field.value(match["last"]), step, field)


def _range(first: int, last: int, step: int, field: CronField) -> list[int]:
    if first <= last:
        return list(range(first, last + 1, step))
    if field is YEAR:
        refuse(field.name, f"{first}-{last} runs backwards: expected the earlier year first")
    size = field.most - field.least + 1
    return [(number - field.least) % size + field.least for number in range(first, last + size + 1, step)]


def _step(match: re.Match[str], field: CronField) -> int:
    """The step of an element, 1 without one."""
    if match["step"] is None:
        return 1
    if (match["first"] or "").isalpha():
        refuse(
            field.name,
            f"{match[0]} has a step after a name, which Quartz does not know: write numbers, such as {field.least}/2",
        )
    step = int(match["step"])
    # Quartz itself bounds the step after a range not at all, and that of years never.
    most = None if match["last"] or field is YEAR else field.most
    if step < 1 or (most is not None and step > most):
        refuse(field.name, f"{match[0]} has the step {step}: allowed are {f'1 to {most}' if most else '1 and more'}")
    return step


def _expected(field: CronField) -> str:
    examples = f"{field.least + 1},{field.least + 3}, {field.least + 1}-{field.least + 5} and */2"
    return f"expected {field.allowed}, *, lists, ranges and steps such as {examples}{_ALONE.get(field.name, '')}"

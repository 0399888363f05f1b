"""Unix cron: 5 fields, from minutes to days of the week, as Vixie's cron reads them, and the nicknames such as ``@hourly``."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from scheduler.triggers.base import refuse
from scheduler.triggers.cron_fields import DAY_OF_MONTH, HOURS, MINUTES, MONTH, WEEKDAYS, CronField, split_expression
from scheduler.triggers.month_days import ALL_DAYS, ALL_WEEKDAYS, Both, Either, MonthDays, OnDays, OnWeekdays
from scheduler.triggers.pattern import FIRST_YEAR, LAST_YEAR, WallPattern
from scheduler.triggers.pattern_words import pattern_sentence
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap, next_instant
from scheduler.triggers.words import count_of

FIXED_TIME_RULE = DstRule(Gap.AFTER, Overlap.FIRST)
"""For jobs with a fixed time of day: once a day, also on the day on which the clock skips or repeats that time."""
WILDCARD_RULE = DstRule(Gap.SKIP, Overlap.BOTH)
"""For jobs whose minute or hour starts with ``*``: whatever the clock on the wall shows."""

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DAY_OF_WEEK = CronField("day_of_week", 0, 7, {name: number for number, name in enumerate(WEEKDAYS)})
_ELEMENT = re.compile(r"(?:\*|(?P<first>[0-9]+|[A-Z]+)(?:-(?P<last>[0-9]+|[A-Z]+))?)(?:/(?P<step>[0-9]+))?")
_YEARS = range(FIRST_YEAR, LAST_YEAR + 1)


@dataclass(frozen=True, slots=True)
class UnixCron:
    """A Unix cron expression in a zone."""

    text: str
    zone: ZoneInfo
    rule: DstRule
    pattern: WallPattern
    days: MonthDays

    @classmethod
    def parse(cls, text: str, *, zone: ZoneInfo, rule: DstRule | None = None) -> UnixCron:
        """Read an expression.

        Args:
            text: Minutes, hours, day of month, month and day of week, or a nickname; at most 1,000 characters.
            zone: The zone whose clock it means.
            rule: What to do when clocks are moved; None for what cron does, which differs between jobs with a fixed time of day and
                jobs with a wildcard for minutes or hours.

        Raises:
            ValidationError: It is malformed. What Debian's cron takes by accident (``**``, a range that runs backwards and is
                empty) is refused, too.

        Source: crontab(5) and cron(8) of Debian; tests/vectors/unixcron.open.jsonl.
        """
        minutes, hours, day_of_month, month, day_of_week = _fields(text)
        days = _days(day_of_month, day_of_week)
        pattern = WallPattern(
            seconds=(0,),
            minutes=_values(minutes, MINUTES),
            hours=_values(hours, HOURS),
            months=_values(month, MONTH),
            years=_YEARS,
            days=days,
        )
        wildcard = minutes.startswith("*") or hours.startswith("*")
        return cls(text, zone, rule or (WILDCARD_RULE if wildcard else FIXED_TIME_RULE), pattern, days)

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first fire time strictly later than an aware UTC datetime; None when there is none up to the year 2126."""
        return next_instant(self.pattern.next_wall, instant, self.zone, self.rule)

    def describe(self) -> str:
        """The expression in plain English: ``At 12:00 on Monday to Friday``."""
        return pattern_sentence(self.pattern, self.days)


def _fields(text: str) -> list[str]:
    fields = split_expression(text)
    if fields and fields[0].startswith("@"):
        fields = _nickname(" ".join(fields)).split()
    if len(fields) != 5:
        quartz = "; 6 or 7 fields are Quartz, another kind of trigger" if len(fields) in {6, 7} else ""
        refuse(
            "expression",
            f"{count_of(len(fields), 'field')} make no Unix cron expression: expected 5 (minutes, hours, day of month, month, "
            f"day of week), such as 0 12 * * 1-5, or a nickname such as @hourly{quartz}",
        )
    return [each.upper() for each in fields]


def _nickname(text: str) -> str:
    if text == "@reboot":
        refuse(
            "expression",
            f"@reboot is no time: there is no machine whose start it could mean; allowed are {_nicknames()}",
        )
    if text not in NICKNAMES:
        refuse("expression", f"{text} is not a nickname: allowed are {_nicknames()}")
    return NICKNAMES[text]


def _nicknames() -> str:
    return ", ".join(NICKNAMES)


def _days(day_of_month: str, day_of_week: str) -> MonthDays:
    """Either day will do when both are restricted, and a field that starts with ``*`` does not count as restricted."""
    on_days = OnDays(_values(day_of_month, DAY_OF_MONTH))
    on_weekdays = OnWeekdays(tuple(sorted({number % 7 for number in _values(day_of_week, _DAY_OF_WEEK)})))
    any_day, any_weekday = on_days.days == ALL_DAYS, on_weekdays.weekdays == ALL_WEEKDAYS
    if day_of_month.startswith("*") or day_of_week.startswith("*"):
        if any_day or any_weekday:
            return on_weekdays if any_day else on_days
        return Both(on_weekdays, on_days)
    return OnDays(ALL_DAYS) if any_day or any_weekday else Either(on_days, on_weekdays)


def _values(text: str, field: CronField) -> tuple[int, ...]:
    """The numbers of a comma-separated list, sorted and without doubles."""
    return tuple(sorted({number for element in text.split(",") for number in _element(element, field)}))


def _element(text: str, field: CronField) -> range:
    """The numbers of one element: ``5``, ``2-6``, ``*/5``, ``2-6/2``."""
    match = _ELEMENT.fullmatch(text)
    if match is None:
        refuse(
            field.name,
            f"{text!r} is not understood: expected {field.allowed}, *, lists, and ranges and steps such as {_examples(field)}",
        )
    first = field.least if match["first"] is None else field.value(match["first"])
    if match["last"] is None and match["first"] is not None:
        if match["step"] is not None:
            refuse(
                field.name, f"{text} has a step without a range: write {match['first']}-{field.most}/{match['step']}"
            )
        return range(first, first + 1)
    last = field.most if match["last"] is None else field.value(match["last"])
    if last < first:
        refuse(field.name, f"{text} runs backwards: write {_two_ranges(match['first'], match['last'], field)}")
    step = int(match["step"] or 1)
    if step < 1:
        refuse(field.name, f"{text} has the step 0: allowed are 1 and more")
    return range(first, last + 1, step)


def _two_ranges(first: str, last: str, field: CronField) -> str:
    if field is _DAY_OF_WEEK and field.value(last) == 0:
        return f"{field.value(first)}-7"
    return f"{first}-{field.most},{field.least}-{last}"


def _examples(field: CronField) -> str:
    return f"{field.least + 1}-{field.least + 5} and */2"

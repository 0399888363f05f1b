"""Answers what a trigger means: from one JSON-ready request to its JSON-ready answer."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from zoneinfo import ZoneInfo

from jobs.durations import parse_ms
from jobs.errors import ValidationError
from jobs.strict_json import NotJSONError, loads
from scheduler.triggers.base import Trigger, refuse
from scheduler.triggers.calendar import CalendarSpec
from scheduler.triggers.iso8601 import OWN_RULE, IsoInterval, IsoRepeating, add
from scheduler.triggers.iso_duration import IsoDuration
from scheduler.triggers.iso_moment import parse_moment
from scheduler.triggers.quartz import QuartzCron
from scheduler.triggers.times import shown
from scheduler.triggers.unix_cron import UnixCron
from scheduler.triggers.zones import zone_named

DEFAULT_COUNT = 8
MOST = 1000
FIRST_YEAR, LAST_YEAR = 2, 9998
"""A year less than Python's dates have on either side, so that no offset leads out of them."""
DEFAULT_ZONE = "UTC"

Answer = dict[str, object]
_EXACT_IN_JSON = 2**53
"""Integers from here on are written as other readers of JSON would understand them anyway: as floating-point numbers."""


def answer_line(line: str | bytes, *, now: dt.datetime) -> str:
    """Answer one line of JSON with one line of JSON, without a line feed; never raises for what the line says.

    Args:
        line: A request as `answer` takes it; bytes are UTF-8.
        now: Aware UTC datetime, which a request without ``after`` means.
    """
    try:
        request = loads(line.decode() if isinstance(line, bytes) else line)
    except (NotJSONError, UnicodeDecodeError) as error:
        return json.dumps({"error": f"expected one JSON object in UTF-8 on each line: {error}"})
    return json.dumps(answer(request, now=now))


def answer(request: object, *, now: dt.datetime) -> Answer:
    """Answer one request.

    Args:
        request: An object with one of the keys ``quartz``, ``unix_cron``, ``iso8601`` and ``calendar`` (each with ``timezone``,
            ``after`` and ``count`` as options), ``iso8601_interval`` (with ``timezone``), ``iso8601_add``, ``iso8601_duration`` and
            ``duration_ms``.
        now: Aware UTC datetime, which a request without ``after`` means.

    Returns:
        What docs/reference/preview-schedule.md tells; ``{"error": sentence}`` when the request is malformed, whatever it is.
    """
    try:
        if not isinstance(request, dict):
            refuse("request", f"expected an object with one of the keys {', '.join(_ANSWERS)}, not {shown(request)}")
        kinds = [key for key in _ANSWERS if key in request]
        if len(kinds) != 1:
            refuse(
                "request",
                f"expected one of the keys {', '.join(_ANSWERS)}, not {' and '.join(kinds) or 'none of them'}",
            )
        read, others = _ANSWERS[kinds[0]]
        _refuse_unknown(request, {kinds[0], *others}, "")
        return read(request, now)
    except ValidationError as error:
        return {"error": str(error)}


def written(instant: dt.datetime) -> str:
    """An aware instant as ``2026-01-01T11:00:00Z``; with milliseconds, or microseconds, only when there are some."""
    timespec = "microseconds" if instant.microsecond % 1000 else "milliseconds" if instant.microsecond else "seconds"
    return f"{instant.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec=timespec)}Z"


def _next(trigger: Trigger, request: Mapping[str, object], now: dt.datetime) -> Answer:
    after, count = _after(request, now), _count(request)
    found: list[str] = []
    while len(found) < count and (instant := trigger.next_after(after)):
        found.append(written(instant))
        after = instant
    return {"next": found}


def _quartz(request: Mapping[str, object], now: dt.datetime) -> Answer:
    return _next(QuartzCron.parse(_text(request, "quartz"), zone=_zone(request)), request, now)


def _unix_cron(request: Mapping[str, object], now: dt.datetime) -> Answer:
    return _next(UnixCron.parse(_text(request, "unix_cron"), zone=_zone(request)), request, now)


def _iso8601(request: Mapping[str, object], now: dt.datetime) -> Answer:
    return _next(IsoRepeating.parse(request["iso8601"], zone=_zone(request)), request, now)


def _calendar(request: Mapping[str, object], now: dt.datetime) -> Answer:
    return _next(CalendarSpec.parse(request["calendar"], zone=_zone(request)), request, now)


def _duration_ms(request: Mapping[str, object], now: dt.datetime) -> Answer:
    try:
        return {"milliseconds": _number(parse_ms(request["duration_ms"]))}  # type: ignore[arg-type]  # it refuses other types itself
    except (ValueError, OverflowError) as error:
        refuse("duration_ms", str(error))


def _iso8601_duration(request: Mapping[str, object], now: dt.datetime) -> Answer:
    duration = IsoDuration.parse(request["iso8601_duration"], field="iso8601_duration")
    lengths = {"years": duration.years, "months": duration.months, "seconds": Fraction(duration.fixed_us, 1_000_000)}
    return {name: _number(length) for name, length in lengths.items()}


def _iso8601_add(request: Mapping[str, object], now: dt.datetime) -> Answer:
    parts = request["iso8601_add"]
    keys = {"start_local", "timezone", "duration"}
    if not isinstance(parts, dict) or not {"start_local", "duration"} <= parts.keys():
        refuse("iso8601_add", f"expected an object with start_local, duration and timezone, not {shown(parts)}")
    _refuse_unknown(parts, keys, "iso8601_add.")
    zone = _zone(parts, "iso8601_add.timezone")
    return {"result": written(add(start_local=parts["start_local"], duration=parts["duration"], zone=zone))}


def _iso8601_interval(request: Mapping[str, object], now: dt.datetime) -> Answer:
    interval = IsoInterval.parse(request["iso8601_interval"], zone=_zone(request), field="iso8601_interval")
    return {"start": written(interval.start), "end": written(interval.end)}


def _text(request: Mapping[str, object], key: str) -> str:
    text = request[key]
    if not isinstance(text, str):
        refuse(key, f"expected text, not {shown(text)}")
    return text


def _zone(request: Mapping[str, object], field: str = "timezone") -> ZoneInfo:
    return zone_named(request.get("timezone", DEFAULT_ZONE), field=field)


def _after(request: Mapping[str, object], now: dt.datetime) -> dt.datetime:
    if "after" not in request:
        return now
    moment = parse_moment(request["after"], field="after")
    if moment.offset is None:
        refuse(
            "after",
            f"expected an instant with Z or an offset, such as 2026-01-01T00:00:00Z, not {shown(request['after'])}",
        )
    if not FIRST_YEAR <= moment.wall.year <= LAST_YEAR:
        refuse("after", f"expected an instant of the years {FIRST_YEAR} to {LAST_YEAR}, not {shown(request['after'])}")
    return moment.instant(zone=ZoneInfo(DEFAULT_ZONE), rule=OWN_RULE)


def _count(request: Mapping[str, object]) -> int:
    count = request.get("count", DEFAULT_COUNT)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
        refuse("count", f"expected a whole number from 1 to {MOST}, not {shown(count)}")
    return count


def _number(value: float | Fraction) -> float:
    whole = int(value)
    return whole if value == whole and abs(whole) < _EXACT_IN_JSON else float(value)


def _refuse_unknown(document: Mapping[str, object], known: set[str], path: str) -> None:
    for key in document.keys() - known:
        refuse(f"{path}{key}"[:100], f"is not known here: expected {', '.join(sorted(known))}")


_NEXT = ("timezone", "after", "count")
_ANSWERS: dict[str, tuple[Callable[[Mapping[str, object], dt.datetime], Answer], tuple[str, ...]]] = {
    "quartz": (_quartz, _NEXT),
    "unix_cron": (_unix_cron, _NEXT),
    "iso8601": (_iso8601, _NEXT),
    "calendar": (_calendar, _NEXT),
    "duration_ms": (_duration_ms, ()),
    "iso8601_duration": (_iso8601_duration, ()),
    "iso8601_add": (_iso8601_add, ()),
    "iso8601_interval": (_iso8601_interval, ("timezone",)),
}
"""Each kind of request: who answers it, and the keys that may stand beside it."""

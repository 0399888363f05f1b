"""Time zones by their IANA names."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from scheduler.triggers.base import refuse
from scheduler.triggers.times import shown


def zone_named(name: object, *, field: str = "timezone") -> ZoneInfo:
    """The zone of an IANA name, in the spelling of the database.

    Raises:
        ValidationError: There is none of that name, such as for abbreviations and offsets.
    """
    # Not left to ZoneInfo to find out: it takes names such as localtime, whose meaning hangs on the machine, and raises errors of
    # six kinds for others.
    if not isinstance(name, str) or name not in _names():
        refuse(field, f'expected the name of an IANA time zone, such as "Europe/Berlin" or "UTC", not {shown(name)}')
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}

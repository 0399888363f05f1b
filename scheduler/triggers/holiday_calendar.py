"""Public holidays of a country or a part of it, from the ``holidays`` library."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from scheduler.triggers.base import refuse
from scheduler.triggers.blackouts import day_end, wall_time
from scheduler.triggers.times import shown

if TYPE_CHECKING:
    from holidays import HolidayBase

_MOST_SHOWN = 60
"""Subdivisions that an error lists: all of nearly every country's."""


@dataclass(frozen=True, slots=True)
class Holidays:
    """The public holidays of one country or subdivision, each from midnight to midnight in the zone."""

    country: str
    subdivision: str | None
    zone: ZoneInfo

    @classmethod
    def parse(cls, *, country: object, subdivision: object = None, zone: ZoneInfo, field: str = "") -> Holidays:
        """Read which holidays are meant.

        Args:
            country: The two letters of ISO 3166-1, such as DE.
            subdivision: The country's part as ISO 3166-2 has it, without the country: BE for Berlin; None for the whole country.
            zone: The zone in which days begin and end.
            field: The dotted path of the object for errors, with a point at its end.

        Raises:
            ValidationError: The library does not know one of them; the message lists what it knows of the country.
        """
        if not isinstance(country, str) or country not in _country_codes():
            refuse(
                f"{field}country",
                f"expected the two capital letters of a country of ISO 3166-1, such as DE, not {shown(country)}",
            )
        if subdivision is not None:
            _check_subdivision(country, subdivision, f"{field}subdivision")
        return cls(country, subdivision if isinstance(subdivision, str) else None, zone)

    def reason(self, instant: dt.datetime) -> str | None:
        """The holiday's name in English if the library has it, such as: Christmas Day (DE-BE). None when it is none."""
        day = wall_time(instant, self.zone).date()
        name = _holidays(self.country, self.subdivision, day.year).get(day)
        place = f"{self.country}-{self.subdivision}" if self.subdivision else self.country
        return f"{name} ({place})" if name else None

    def until(self, instant: dt.datetime) -> dt.datetime:
        """When a holiday ends, or the clocks are moved, whichever is first."""
        return day_end(instant, self.zone)


def _check_subdivision(country: str, subdivision: object, field: str) -> None:
    known = sorted(_country(country, None, None).subdivisions)
    if subdivision in known:
        return
    if not known:
        refuse(field, f"no subdivisions are known of {country}: leave it out")
    some = ", ".join(known[:_MOST_SHOWN]) + (", ..." if len(known) > _MOST_SHOWN else "")
    refuse(field, f"expected one of {some}, not {shown(subdivision)}")


@lru_cache(maxsize=1000)
def _holidays(country: str, subdivision: str | None, year: int) -> Mapping[dt.date, str]:
    """The days of one year; years that the library does not know have none."""
    return dict(_country(country, subdivision, year))


def _country(country: str, subdivision: str | None, year: int | None) -> HolidayBase:
    """A calendar of the library, always in the same language: left to itself it would take that of the process's environment."""
    import holidays  # noqa: PLC0415 - it takes 40 MB and 0.3 s, which a process shall not spend for schedules without holidays

    # A year of which the library knows no holidays is a good answer. Not catch_warnings(): two threads in it would undo each other.
    warnings.filterwarnings("ignore", message="Requested Holidays are available only", category=UserWarning)
    return holidays.country_holidays(country, subdiv=subdivision, years=year, language="en_US", expand=False)


@lru_cache(maxsize=1)
def _country_codes() -> frozenset[str]:
    from holidays.registry import EntityLoader  # noqa: PLC0415 - see _country

    return frozenset(EntityLoader.get_country_codes(include_aliases=False))

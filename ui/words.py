"""Times, durations and numbers in words, as people say them."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

NOTHING = "\N{EN DASH}"
"""What stands where nothing is known."""
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def duration(ms: float | None) -> str:
    """``340 ms``, ``1.2 s``, ``1 m 12 s``, ``3 h 5 m``, ``2 d 4 h``; a dash for None."""
    if ms is None:
        return NOTHING
    if ms < 1_000:
        return f"{round(ms)} ms"
    seconds = ms / 1_000
    if seconds < 59.95:  # what is more is 60.0 when it is written
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    return _two_units(round(seconds))


def _two_units(seconds: int) -> str:
    for size, unit, below, below_unit in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s")):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            rest //= below
            return f"{whole} {unit}" + (f" {rest} {below_unit}" if rest else "")
    return f"{seconds} s"


def number(value: float | None) -> str:
    """``12,345``; a dash for None."""
    return NOTHING if value is None else f"{value:,}"


def percent(share: float | None) -> str:
    """A share from 0 to 1 as ``97 %``; a dash for None. 100 % only of all of it, 0 % only of nothing."""
    if share is None:
        return NOTHING
    whole = round(share * 100)
    if 0 < share < 1:
        whole = min(99, max(1, whole))
    return f"{whole} %"


def relative(at: dt.datetime, *, now: dt.datetime) -> str:
    """``just now``, ``4 min ago``, ``in 2 h``. The script of the frame writes the same words (``static/ui/times.js``)."""
    seconds = (at - now).total_seconds()
    size = abs(seconds)
    if size < 5:
        return _("now")
    if size < 60:
        span = _("%d s") % int(size)
    else:
        unit, suffix = next((step for step in _STEPS if size >= step[0]), _STEPS[-1])
        span = {"d": _("%d d"), "h": _("%d h"), "min": _("%d min")}[suffix] % int(size // unit)
    return (_("in %s") if seconds > 0 else _("%s ago")) % span

"""What rules tell of, in the words of the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _


class EventWord(NamedTuple):
    """One thing that a rule may tell of: as the document has it, in short, and in a line."""

    value: str
    short: object
    line: object


EVENTS: Sequence[EventWord] = (
    EventWord("failed", _("failed"), _("a run failed")),
    EventWord("recovered", _("recovered"), _("a run succeeded after a failure that was told")),
    EventWord("late", _("late"), _("a run, or a schedule's fire time, should have begun and has not")),
    EventWord("stuck", _("stuck"), _("a run takes far too long")),
    EventWord("missed", _("missed"), _("a fire time was given up, or a run was not begun in time")),
    EventWord("paused", _("paused"), _("a policy has paused a job or a schedule")),
)
SHORT = {each.value: each.short for each in EVENTS}

TYPES = (("datasource", _("datasource")), ("spark", "spark"), ("task", "task"))

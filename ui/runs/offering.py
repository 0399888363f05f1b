"""Which verbs a run's page offers."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext

from jobs.admin.run_controls import RUN_VERBS
from jobs.models import Role
from jobs.selectors.run_views import RunView

ROLE = Role.OPERATOR
MAIN = ("pause", "resume", "terminate", "rerun-failed")
"""Those that are buttons of their own; the others stand in the menu."""


class Offered(NamedTuple):
    """A verb that fits the run as it stands."""

    name: str
    word: str
    is_main: bool


def offered(view: RunView) -> list[Offered]:
    """The verbs that fit a run, in the order of their buttons."""
    return [
        Offered(name, gettext(verb.button), name in MAIN) for name, verb in RUN_VERBS.items() if verb.offered(view.run)
    ]

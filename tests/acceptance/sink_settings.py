"""The project's settings, and `tests.acceptance.sink_kind`."""

from jobsproject.settings import *  # noqa: F403 - that is how Django's settings are extended
from jobsproject.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "tests.acceptance.sink_kind.CallingKind"]

#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from embedded.attached import running_environment
from jobs.acting import by_command

ALONE = ("preview_schedule",)
"""Commands that connect to nothing: they run where nothing is set up."""
NOTHING = {"SECRET_KEY": "not-used", "DATABASE_URL": "postgresql://not-used/not-used", "BROKER_URL": "redis://not-used"}


def main() -> None:
    """Run a command, with the settings of the environment; without any, with those of the system that `make up` runs here."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobsproject.settings")
    if sys.argv[1:2] and sys.argv[1] in ALONE:
        os.environ.update({**NOTHING, **os.environ})
    elif not any(name in os.environ for name in NOTHING):
        os.environ.update(running_environment())
    by_command(" ".join(sys.argv[1:2]))
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from django.core.management import execute_from_command_line

ALONE = ("preview_schedule",)
"""Commands that connect to nothing: they run where nothing is set up."""

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobsproject.settings")
    if sys.argv[1:2] and sys.argv[1] in ALONE:
        os.environ.setdefault("SECRET_KEY", "not-used")
        os.environ.setdefault("DATABASE_URL", "postgresql://not-used/not-used")
        os.environ.setdefault("BROKER_URL", "redis://not-used")
    execute_from_command_line(sys.argv)

"""The ASGI entry: what ``live`` serves, see jobsproject/live.py."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobsproject.settings")
django.setup(set_prefix=False)

from jobsproject.answering import limit_statements  # noqa: E402 - it needs the settings
from jobsproject.handler import LiveHandler  # noqa: E402 - so does it

limit_statements()
application = LiveHandler()

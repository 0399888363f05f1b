"""The WSGI entry."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from jobs import kinds, memory
from jobsproject.answering import limit_statements
from sinks import registry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobsproject.settings")
application = get_wsgi_application()
limit_statements()
kinds.load()
registry.load()
get_resolver().url_patterns  # noqa: B018 - all views are imported now, not when the first visitor waits for them
memory.keep_what_is_loaded()

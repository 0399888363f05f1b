"""The WSGI entry."""

import os

from django.core.wsgi import get_wsgi_application

from jobs import kinds
from jobsproject.answering import limit_statements
from sinks import registry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobsproject.settings")
application = get_wsgi_application()
limit_statements()
kinds.load()
registry.load()

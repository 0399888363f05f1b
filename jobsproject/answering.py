"""What holds for the processes that answer people, and for no other."""

from __future__ import annotations

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from jobsproject import env


def limit_statements() -> None:
    """End what a request asks of the database and takes too long for: whoever asked has gone, and others wait for its connection.

    Called before the process asks the database for anything.
    """
    options = connections.settings[DEFAULT_DB_ALIAS]["OPTIONS"]
    limit = env.session(statement_timeout=settings.DATABASE_STATEMENT_SECONDS)
    options["options"] = f"{options['options']} {limit}"

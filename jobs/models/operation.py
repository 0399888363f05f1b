"""What only a worker can do, while somebody waits for the answer."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

KEEP_OPERATIONS = dt.timedelta(hours=1)
"""How long an answer is kept after it has expired, for it may hold rows of somebody's data."""

ENDS_ONCE = Q(ended_at__isnull=True, result__isnull=True, error__isnull=True) | Q(
    ended_at__isnull=False, taken_at__isnull=False
) & (Q(result__isnull=False, error__isnull=True) | Q(result__isnull=True, error__isnull=False))
"""The invariant of all operations; each table names a constraint after it."""


class Operation(models.Model):
    """Something to be done outside any run.

    The web server has neither the secrets nor the folders nor the networks of the workers: it writes this row and waits. A worker
    takes it once, does it, and writes how it ended. It is kept until it expires, and for a short while after.
    """

    actor = models.CharField(max_length=150)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(help_text="A worker that finds it later leaves it alone.")
    taken_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    error = models.JSONField(null=True)

    class Meta:
        abstract = True

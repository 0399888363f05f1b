"""Time that passes without anybody waiting."""

from __future__ import annotations

import datetime as dt

from django.db.models import F

from sinks.models import Delivery, Standing


def let_time_pass(seconds: float) -> None:
    """Bring every due time, lease and rest nearer."""
    passed = dt.timedelta(seconds=seconds)
    Delivery.objects.filter(state="due").update(due_at=F("due_at") - passed)
    Standing.objects.update(retry_at=F("retry_at") - passed, lease_expires_at=F("lease_expires_at") - passed)

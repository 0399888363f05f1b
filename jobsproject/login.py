"""Who may log in with a password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from jobs.models import ServiceAccount


class PasswordBackend(ModelBackend):
    """Django's own, for people: a service account gets in with tokens alone, even if somebody gave it a password."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:  # type: ignore[override]
        """The person of that name and password, or None."""
        user = super().authenticate(request, **credentials)
        if user is None or ServiceAccount.objects.filter(user=user.pk).exists():
            return None
        return user

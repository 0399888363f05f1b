"""Who may log in with a password, and how often somebody may try."""

from __future__ import annotations

from typing import Any

from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from jobs.models import ServiceAccount


class Guard(AxesStandaloneBackend):  # type: ignore[misc]  # django-axes publishes no types
    """Lets nobody try who has failed too often. It guards what comes over the network: a call without a request is not counted."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        """Raise PermissionDenied, which Django takes for a failed login, while somebody is locked out."""
        if request is not None:
            super().authenticate(request, **credentials)


class PasswordBackend(ModelBackend):
    """Django's own, for people: a service account gets in with tokens alone, even if somebody gave it a password."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:  # type: ignore[override]
        """The person of that name and password, or None."""
        user = super().authenticate(request, **credentials)
        if user is None or ServiceAccount.objects.filter(user=user.pk).exists():
            return None
        return user

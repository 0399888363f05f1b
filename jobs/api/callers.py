"""Who calls, as one word: the same for every request of one token, and of no other."""

from __future__ import annotations

from rest_framework.request import Request

from jobs.models import ApiToken
from jobs.services.run_tokens import RunClaims


def person_of(request: Request) -> str:
    """The person, whichever token or session they use; or the attempt that a run token is good for."""
    if isinstance(request.auth, RunClaims):
        return f"attempt:{request.auth.run_id}:{request.auth.position}"
    return f"user:{request.user.pk}"


def caller_of(request: Request) -> str:
    """The token, if there is one; otherwise the person."""
    return f"token:{request.auth.pk}" if isinstance(request.auth, ApiToken) else person_of(request)

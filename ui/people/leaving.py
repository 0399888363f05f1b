"""What stops when somebody has no role in a workspace any more, in words for those who are about to see to it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils.translation import ngettext

from jobs.models import Workspace
from jobs.selectors.members import count_tokens
from scheduler.selectors.principals import count_acting_as


def what_stops(*, workspace: Workspace, user: User) -> list[str]:
    """A line for their tokens for the workspace, and one for the schedules that act as them; none where there are none."""
    tokens = count_tokens(workspace=workspace, user_ids=[user.pk]).get(user.pk, 0)
    schedules = count_acting_as(workspace=workspace, user=user)
    return [line for count, line in ((tokens, _of_tokens(tokens)), (schedules, _of_schedules(schedules))) if count]


def _of_tokens(count: int) -> str:
    said = ngettext(
        "%(count)d token for this workspace opens nothing any more.",
        "%(count)d tokens for this workspace open nothing any more.",
        count,
    )
    return said % {"count": count}


def _of_schedules(count: int) -> str:
    said = ngettext(
        "%(count)d schedule acts in this name: it fires no more until somebody else takes it over.",
        "%(count)d schedules act in this name: they fire no more until somebody else takes them over.",
        count,
    )
    return said % {"count": count}

"""Roles in words: what each is called, and what it may do."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from jobs.models import Role


class RoleWords(NamedTuple):
    """``tone`` and ``icon`` are for its badge; ``word`` and ``says`` are lazy strings."""

    tone: str
    icon: str
    word: object
    says: object


ROLES = {
    Role.VIEWER: RoleWords("grey", "eye", _("viewer"), _("reads everything, secrets excepted, and changes nothing")),
    Role.OPERATOR: RoleWords("blue", "play", _("operator"), _("also starts, pauses, resumes and ends runs")),
    Role.EDITOR: RoleWords("green", "edit", _("editor"), _("also changes jobs, schedules and sinks")),
    Role.OWNER: RoleWords(
        "violet",
        "star",
        _("owner"),
        _("also members, service accounts, tokens of the workspace, secrets and the audit"),
    ),
}


def roles_explained() -> SafeString:
    """For a form's help: a line for each. A choice of so many words would be cut on a phone."""
    return format_html_join(mark_safe("<br>"), "<b>{}</b> {}", ((words.word, words.says) for words in ROLES.values()))


def role_choices() -> list[tuple[str, object]]:
    """For a form, or a list's filter."""
    return [(role.value, words.word) for role, words in ROLES.items()]


def role_words(role: str | None) -> RoleWords | None:
    """Those of a role; None for none."""
    return None if role is None else ROLES[Role(role)]

"""What a token opens, in words."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from jobs.models import Scope


class ScopeWords(NamedTuple):
    """``word`` is short, ``says`` a sentence; both are lazy strings."""

    word: object
    says: object


SCOPES = {
    Scope.READ: ScopeWords(_("read"), _("Sees jobs, schedules, runs, logs, results and sinks, and changes nothing.")),
    Scope.RUN: ScopeWords(_("run jobs"), _("Starts, pauses, resumes and ends runs, and delivers results again.")),
    Scope.WRITE: ScopeWords(_("write"), _("Makes, changes and deletes jobs, sinks, rules and groups.")),
    Scope.SCHEDULES: ScopeWords(_("schedules"), _("Makes, changes, pauses and deletes schedules.")),
    Scope.SECRETS: ScopeWords(_("secrets"), _("Sets and deletes secrets, and lists their names. It never reads one.")),
    Scope.ADMIN: ScopeWords(
        _("everything"), _("All of the above, and members, tokens and the audit. For programs that set up others.")
    ),
}


def scope_words(scopes: list[str]) -> list[ScopeWords]:
    """Those of a token, in their usual order."""
    return [words for scope, words in SCOPES.items() if scope in scopes]

"""The lists of tokens: one's own, and for owners those that open this workspace alone; and the end of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.models import ApiToken, Role
from jobs.selectors.members import find_token_of, page_of_tokens, tokens_for, tokens_of
from jobs.selectors.ordering import Ordering, Wanted
from jobs.services.tokens import revoke_token
from ui.actions import Action, Done, Question
from ui.finding import NoMatch, instant, number
from ui.listing import Filter, Listed, ListPage
from ui.people.member_pages import FOR_OWNERS
from ui.people.scopes import ScopeWords, scope_words
from ui.words import relative

SOON = dt.timedelta(days=14)
"""A token that ends within this is marked, so that its successor is made in time."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token in the list. ``ends``: ``expired``, ``soon``, or empty."""

    token: ApiToken
    scopes: Sequence[ScopeWords]
    ends: str
    revoke: str


class TokenList(ListPage):
    """What both lists share."""

    template = "ui/people/tokens.html"
    rows_template = "ui/people/tokens_rows.html"
    area = "ui:tokens"
    tab = ""
    revoke_name = ""

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[TokenRow]:
        """The newest first, in one query."""
        try:
            where, behind = _where(values), number(after)
        except NoMatch:
            return []
        wanted = Wanted(limit, Ordering(("pk",), True), None if behind is None else (behind,), where)
        return [self._row(token) for token in page_of_tokens(tokens=self.tokens(), wanted=wanted)]

    def tokens(self) -> QuerySet[ApiToken]:
        """All that may be listed."""
        raise NotImplementedError

    def cursor(self, row: TokenRow) -> str:
        """The id."""
        return str(row.token.pk)

    def more(self, listed: Listed) -> dict[str, Any]:
        """Which of the tabs this is."""
        return {"tab": self.tab}

    def _row(self, token: ApiToken) -> TokenRow:
        revoke = reverse(self.revoke_name, args=[self.workspace.slug, token.pk])
        return TokenRow(token, scope_words(token.scopes), ends(token, now=self.now), revoke)


class OwnTokens(TokenList):
    """``tokens/``: the caller's, for whatever workspaces."""

    tab, revoke_name = "own", "ui:token-revoke"
    filters = (
        Filter("search", gettext_lazy("Search"), kind="search", hint=gettext_lazy("name")),
        Filter("expires_before", gettext_lazy("Expires before (UTC)"), kind="date"),
        Filter("unused_since", gettext_lazy("Not used since (UTC)"), kind="date"),
    )

    def tokens(self) -> QuerySet[ApiToken]:
        """The caller's."""
        return tokens_of(user=self.user)


class WorkspaceTokens(TokenList):
    """``tokens/workspace/``: those that open this workspace alone, whosever they are."""

    tab, revoke_name = "workspace", "ui:workspace-token-revoke"
    roles = FOR_OWNERS
    filters = (
        *OwnTokens.filters,
        Filter("username", gettext_lazy("Whose"), hint=gettext_lazy("user name")),
        Filter("created_by", gettext_lazy("Made by"), hint=gettext_lazy("user name")),
    )

    def tokens(self) -> QuerySet[ApiToken]:
        """The workspace's."""
        return tokens_for(workspace=self.workspace)


class RevokeOwn(Action):
    """``tokens/<id>/revoke/``"""

    roles: Mapping[str, Role] = {"POST": Role.VIEWER}
    list_name = "ui:tokens"

    def find(self) -> ApiToken:
        """That of the address. Raises NotFoundError."""
        return find_token_of(tokens=tokens_of(user=self.user), token_id=self.kwargs["token_id"])

    def question(self) -> Question:
        """What stops."""
        token = self.find()
        told = {"name": token.name, "user": token.user.get_username()}
        text = (
            _("Whatever calls with “%(name)s” of %(user)s is refused from its next call on. There is no way back.")
            % told
        )
        return Question(
            _("Revoke the token %(name)s") % told, text, _("Revoke"), danger=True, facts=_facts(token, self.now)
        )

    def act(self, form: Any) -> Done:
        """Revoke it."""
        token = self.find()
        revoke_token(token=token, actor=self.actor)
        return Done(_("The token %(name)s opens nothing any more.") % {"name": token.name})

    def back(self) -> str:
        """The list."""
        return reverse(self.list_name, args=[self.workspace.slug])


class RevokeOfWorkspace(RevokeOwn):
    """``tokens/workspace/<id>/revoke/``"""

    roles = FOR_OWNERS
    list_name = "ui:workspace-tokens"

    def find(self) -> ApiToken:
        """That of the address. Raises NotFoundError."""
        return find_token_of(tokens=tokens_for(workspace=self.workspace), token_id=self.kwargs["token_id"])


def ends(token: ApiToken, *, now: dt.datetime) -> str:
    """``expired``, ``soon``, or empty."""
    if token.expires_at is None or token.expires_at > now + SOON:
        return ""
    return "expired" if token.expires_at <= now else "soon"


def _where(values: Mapping[str, str]) -> dict[str, Any]:
    """Django's lookups for what is set. Raises NoMatch."""
    where = {
        "name__icontains": values["search"],
        "expires_at__lt": instant(values["expires_before"]),
        "last_used_at__lt": instant(values["unused_since"]),
        "user__username": values.get("username"),
        "created_by": values.get("created_by"),
    }
    return {lookup: value for lookup, value in where.items() if value}


def _facts(token: ApiToken, now: dt.datetime) -> list[str]:
    opens = ", ".join(str(each.word) for each in scope_words(token.scopes))
    where = token.workspace.name if token.workspace else _("all workspaces of its user")
    used = relative(token.last_used_at, now=now) if token.last_used_at else _("never")
    return [
        _("It opens: %(scopes)s, in %(where)s.") % {"scopes": opens, "where": where},
        _("Last used: %(used)s.") % {"used": used},
    ]

"""Service accounts: users for programs, of one workspace. For its owners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.models import Role, ServiceAccount
from jobs.selectors.members import count_tokens, find_service_account, list_service_accounts
from jobs.selectors.ordering import Ordering, Wanted
from jobs.services.service_accounts import (
    MAX_DESCRIPTION,
    change_service_account,
    create_service_account,
    delete_service_account,
)
from ui.actions import Action, Done, Question
from ui.listing import Filter, Listed, ListPage
from ui.people.leaving import what_stops
from ui.people.member_pages import FOR_OWNERS, RoleForm
from ui.people.roles import RoleWords, role_choices, role_words


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A service account in the list. ``tokens``: how many it has."""

    account: ServiceAccount
    role: RoleWords | None
    tokens: int


class ServiceAccountList(ListPage):
    """``members/service-accounts/``"""

    template = "ui/people/members.html"
    rows_template = "ui/people/accounts_rows.html"
    area = "ui:members"
    roles = FOR_OWNERS

    def choices(self) -> Sequence[Filter]:
        """With the roles in words."""
        return (
            Filter("search", _("Search"), kind="search", hint=_("name")),
            Filter("role", _("Role"), role_choices()),
            Filter("created_by", _("Made by"), hint=_("user name")),
        )

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[AccountRow]:
        """By name, in two queries."""
        where = {
            "name__icontains": values["search"],
            "role": values["role"],
            "created_by": values["created_by"],
        }
        where = {lookup: value for lookup, value in where.items() if value}
        wanted = Wanted(limit, Ordering(("name",)), (after,) if after else None, where)
        found = list_service_accounts(workspace=self.workspace, wanted=wanted)
        tokens = count_tokens(workspace=self.workspace, user_ids=[each.pk for each in found])
        return [AccountRow(each, role_words(getattr(each, "role", None)), tokens.get(each.pk, 0)) for each in found]

    def cursor(self, row: AccountRow) -> str:
        """The name."""
        return row.account.name

    def more(self, listed: Listed) -> dict[str, Any]:
        """Which of the tabs this is."""
        return {"tab": "accounts"}


class ServiceAccountAction(Action):
    """Whatever is done to service accounts."""

    roles = FOR_OWNERS

    def back(self) -> str:
        """The service accounts."""
        return reverse("ui:service-accounts", args=[self.workspace.slug])

    @property
    def account(self) -> ServiceAccount:
        """That of the address. Raises NotFoundError."""
        return find_service_account(workspace=self.workspace, name=self.kwargs["name"])


class ChangeForm(RoleForm):
    """What may change about one."""

    description = forms.CharField(
        label=gettext_lazy("Description"),
        max_length=MAX_DESCRIPTION,
        required=False,
        help_text=gettext_lazy("What it is for."),
    )


class NewForm(ChangeForm):
    """The same with its name."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("Small letters, digits and hyphens, such as ci-pipeline."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("name", "role", "description")


class NewServiceAccount(ServiceAccountAction):
    """``members/service-accounts/new/``"""

    form_class = NewForm

    def question(self) -> Question:
        """What one is."""
        told = {"workspace": self.workspace.name}
        text = _(
            "A program gets a role of its own in %(workspace)s, which does not end with the person who set it up. Nobody can "
            "log in as it: make it a token afterwards."
        )
        return Question(_("New service account"), text % told, _("Make the service account"))

    def act(self, form: Any) -> Done:
        """Make it."""
        asked = form.cleaned_data
        made = create_service_account(
            workspace=self.workspace,
            name=asked["name"],
            role=Role(asked["role"]),
            description=asked["description"],
            actor=self.actor,
        )
        return Done(_("The service account %(name)s is there. It has no token yet.") % {"name": made.name})


class ChangeServiceAccount(ServiceAccountAction):
    """``members/service-accounts/<name>/change/``"""

    def make_form(self, data: Any = None) -> forms.Form:
        """With what there is."""
        account = self.account
        present = {"role": getattr(account, "role", None), "description": account.description}
        return ChangeForm(data, initial=present)

    def question(self) -> Question:
        """Which."""
        told = {"name": self.account.name}
        text = _("What its tokens open changes at once. Its name stays.")
        return Question(_("Service account %(name)s") % told, text, _("Save"))

    def act(self, form: Any) -> Done:
        """Change it."""
        account, asked = self.account, form.cleaned_data
        change_service_account(
            account=account, role=Role(asked["role"]), description=asked["description"], actor=self.actor
        )
        return Done(_("The service account %(name)s was changed.") % {"name": account.name})


class DeleteServiceAccount(ServiceAccountAction):
    """``members/service-accounts/<name>/delete/``"""

    def question(self) -> Question:
        """What stops with it."""
        account = self.account
        told = {"name": account.name}
        text = _("%(name)s is deleted with its tokens. What it did stays under its name.") % told
        facts = what_stops(workspace=self.workspace, user=account.user)
        return Question(_("Delete the service account %(name)s") % told, text, _("Delete"), danger=True, facts=facts)

    def act(self, form: Any) -> Done:
        """Delete it."""
        account = self.account
        delete_service_account(account=account, actor=self.actor)
        return Done(_("The service account %(name)s was deleted.") % {"name": account.name})

"""The workspaces that somebody is in: what each is called, and what they are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.models import Role, Workspace
from jobs.selectors.access import list_accesses
from jobs.selectors.ordering import Ordering, Wanted
from jobs.selectors.workspaces import Size, sizes
from jobs.services.workspaces import MAX_NAME, create_workspace, rename_workspace
from ui.actions import AccountAction, Action, Done, Question
from ui.listing import AccountList, Filter
from ui.people.roles import RoleWords, role_words

SLUG_HELP = gettext_lazy("Small letters, digits and hyphens. It stands in addresses, and stays as it is for good.")


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """A workspace in the list."""

    workspace: Workspace
    role: RoleWords | None
    size: Size
    is_mine: bool
    """Whether the caller is an owner of it."""


class WorkspaceList(AccountList):
    """``/ui/workspaces/``"""

    template = "ui/people/workspaces.html"
    rows_template = "ui/people/workspaces_rows.html"
    area = "ui:workspaces"
    filters = (Filter("search", gettext_lazy("Search"), kind="search", hint=gettext_lazy("name")),)

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[WorkspaceRow]:
        """By slug, in three queries."""
        where = {"name__icontains": values["search"]} if values["search"] else {}
        wanted = Wanted(limit, Ordering(("slug",)), (after,) if after else None, where)
        found = list_accesses(user=self.user, wanted=wanted)
        size = sizes(workspace_ids=[access.workspace.pk for access in found])
        return [
            WorkspaceRow(each.workspace, role_words(each.role), size[each.workspace.pk], each.allows(Role.OWNER))
            for each in found
        ]

    def cursor(self, row: WorkspaceRow) -> str:
        """Its slug."""
        return row.workspace.slug


class NewWorkspaceForm(forms.Form):
    """What a workspace is called."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=MAX_NAME, help_text=gettext_lazy("For people."))
    slug = forms.CharField(label=gettext_lazy("Short name"), help_text=SLUG_HELP, strip=False)


class NewWorkspace(AccountAction):
    """``/ui/workspaces/new/``: for superusers, as in the API."""

    form_class = NewWorkspaceForm

    def let_in(self) -> None:
        """Superusers."""
        if not self.user.is_superuser:
            raise PermissionDenied

    def question(self) -> Question:
        """What it is."""
        text = _("Jobs, runs, sinks and secrets of one workspace are not seen from another. You become its owner.")
        return Question(_("New workspace"), text, _("Make the workspace"))

    def act(self, form: Any) -> Done:
        """Make it, and go there."""
        asked = form.cleaned_data
        made = create_workspace(
            slug=asked["slug"], name=asked["name"], owner=self.user, actor=self.actor, must_be_new=True
        )
        to = reverse("ui:dashboard", args=[made.slug])
        return Done(_("The workspace %(name)s is there.") % {"name": made.name}, to=to)

    def back(self) -> str:
        """The list."""
        return reverse("ui:workspaces")


class NameForm(forms.Form):
    """A workspace's name."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=MAX_NAME)


class RenameWorkspace(Action):
    """``rename/``: its name; all else about it is its slug, which stays."""

    roles = {"POST": Role.OWNER}

    def make_form(self, data: Any = None) -> forms.Form:
        """With the present name."""
        return NameForm(data, initial={"name": self.workspace.name})

    def question(self) -> Question:
        """What stays."""
        told = {"name": self.workspace.name, "slug": self.workspace.slug}
        text = _("Everybody in it sees the new name from now on. Addresses keep “%(slug)s”.") % told
        return Question(_("Rename %(name)s") % told, text, _("Rename"))

    def act(self, form: Any) -> Done:
        """Rename it."""
        rename_workspace(workspace=self.workspace, name=form.cleaned_data["name"], actor=self.actor)
        return Done(_("The workspace is called %(name)s now.") % {"name": self.workspace.name})

    def back(self) -> str:
        """The list."""
        return reverse("ui:workspaces")

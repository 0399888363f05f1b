"""Who is in a workspace, and as what. For owners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.errors import FieldError, NotFoundError, ValidationError
from jobs.models import Membership, Role
from jobs.selectors.members import count_tokens, find_member, list_members
from jobs.selectors.ordering import Ordering, Wanted
from jobs.services.members import remove_member, set_member
from jobs.services.workspaces import find_user
from ui.actions import Action, Done, Question
from ui.listing import Filter, Listed, ListPage
from ui.people.leaving import what_stops
from ui.people.roles import RoleWords, role_choices, role_words, roles_explained

FOR_OWNERS = {"GET": Role.OWNER, "POST": Role.OWNER}
ACTIVE = (("yes", gettext_lazy("can log in")), ("no", gettext_lazy("cannot log in")))
IS_ACTIVE = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A person in the list. ``tokens``: how many they have for this workspace alone."""

    member: Membership
    role: RoleWords | None
    tokens: int
    is_caller: bool


class MemberList(ListPage):
    """``members/``: the people."""

    template = "ui/people/members.html"
    rows_template = "ui/people/members_rows.html"
    area = "ui:members"
    roles = FOR_OWNERS

    def choices(self) -> Sequence[Filter]:
        """With the roles in words."""
        return (
            Filter("search", _("Search"), kind="search", hint=_("user name")),
            Filter("role", _("Role"), role_choices()),
            Filter("active", _("Account"), ACTIVE),
        )

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[MemberRow]:
        """By user name, in two queries."""
        if values["active"] not in ("", *IS_ACTIVE):
            return []
        where = {
            "user__username__icontains": values["search"],
            "role": values["role"],
            "user__is_active": IS_ACTIVE.get(values["active"], ""),
        }
        where = {lookup: value for lookup, value in where.items() if value != ""}
        wanted = Wanted(limit, Ordering(("user__username",)), (after,) if after else None, where)
        found = list_members(workspace=self.workspace, wanted=wanted)
        tokens = count_tokens(workspace=self.workspace, user_ids=[each.user_id for each in found])
        return [
            MemberRow(each, role_words(each.role), tokens.get(each.user_id, 0), each.user_id == self.user.pk)
            for each in found
        ]

    def cursor(self, row: MemberRow) -> str:
        """The user name."""
        return str(row.member.user.get_username())

    def more(self, listed: Listed) -> dict[str, Any]:
        """Which of the tabs this is."""
        return {"tab": "people"}


class MemberAction(Action):
    """Whatever is done to members."""

    roles = FOR_OWNERS

    def back(self) -> str:
        """The people."""
        return reverse("ui:members", args=[self.workspace.slug])

    @property
    def member(self) -> Membership:
        """That of the address. Raises NotFoundError."""
        return find_member(workspace=self.workspace, username=self.kwargs["username"])

    def after(self, member: Membership, role: str | None) -> str:
        """Where to go: who gave up being an owner does not find the members again."""
        if member.user_id != self.user.pk or self.user.is_superuser or role == Role.OWNER:
            return ""
        return reverse("ui:home") if role is None else reverse("ui:dashboard", args=[self.workspace.slug])


class RoleForm(forms.Form):
    """A role."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=role_choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].help_text = roles_explained()


class MemberForm(RoleForm):
    """Somebody by name. A list to choose from would tell each owner who else uses the system."""

    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=150,
        help_text=gettext_lazy(
            "Of somebody who has an account here. A superuser makes accounts in the administration."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("username", "role")


class AddMember(MemberAction):
    """``members/add/``"""

    form_class = MemberForm

    def question(self) -> Question:
        """Who is let into what."""
        told = {"workspace": self.workspace.name}
        text = _("They find %(workspace)s among their workspaces from now on, and may do what the role says.") % told
        return Question(_("Add a member"), text, _("Add"))

    def act(self, form: Any) -> Done:
        """Let them in."""
        username, role = form.cleaned_data["username"], Role(form.cleaned_data["role"])
        try:
            user = find_user(username=username)
        except NotFoundError as error:
            raise ValidationError([FieldError("username", str(error))]) from error
        set_member(workspace=self.workspace, user=user, role=role, actor=self.actor, must_be_new=True)
        return Done(_("%(name)s is a member now.") % {"name": username})


class ChangeMember(MemberAction):
    """``members/<username>/role/``"""

    def make_form(self, data: Any = None) -> forms.Form:
        """With the present role."""
        return RoleForm(data, initial={"role": self.member.role})

    def question(self) -> Question:
        """Whose."""
        member = self.member
        told = {"name": member.user.get_username(), "workspace": self.workspace.name}
        text = _("What %(name)s may do in %(workspace)s changes at once, for their tokens and schedules, too.") % told
        return Question(_("Role of %(name)s") % told, text, _("Change the role"))

    def act(self, form: Any) -> Done:
        """Give them another one."""
        member, role = self.member, Role(form.cleaned_data["role"])
        set_member(workspace=self.workspace, user=member.user, role=role, actor=self.actor)
        told = {"name": member.user.get_username(), "role": str(role_words(role).word)}  # type: ignore[union-attr]
        return Done(_("%(name)s is %(role)s now.") % told, to=self.after(member, role))


class RemoveMember(MemberAction):
    """``members/<username>/remove/``"""

    def question(self) -> Question:
        """What they lose, and what stops with them."""
        user = self.member.user
        told = {"name": user.get_username(), "workspace": self.workspace.name}
        text = _("%(name)s sees nothing of %(workspace)s from now on. What they did stays under their name.") % told
        facts = what_stops(workspace=self.workspace, user=user)
        return Question(_("Remove %(name)s") % told, text, _("Remove"), danger=True, facts=facts)

    def act(self, form: Any) -> Done:
        """Put them out."""
        member = self.member
        remove_member(workspace=self.workspace, user=member.user, actor=self.actor)
        told = {"name": member.user.get_username()}
        return Done(_("%(name)s is no member any more.") % told, to=self.after(member, None))

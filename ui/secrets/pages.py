"""Secrets: what they are called, who uses them, and ways in. A value is never shown, not even to who has just typed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.admin.fields import ABSENT, RawText
from jobs.errors import ConflictError, FieldError, NotFoundError, ValidationError
from jobs.models import Role, Secret
from jobs.selectors.members import find_secret, list_secrets
from jobs.selectors.ordering import Ordering, Wanted
from jobs.services.secrets import delete_secret, set_secret
from sinks.selectors.secrets import MOST_JOBS, users_of_secrets
from ui.actions import Action, Done, Question
from ui.listing import Filter, Listed, ListPage

NAMED = 5


@dataclass(frozen=True, slots=True)
class User:
    """A job or a sink that names a secret."""

    kind: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class SecretRow:
    """A secret in the list, without what is in it."""

    secret: Secret
    users: Sequence[User]
    more: int


class SecretList(ListPage):
    """``secrets/``"""

    template = "ui/secrets/secrets.html"
    rows_template = "ui/secrets/rows.html"
    area = "ui:secrets"
    roles = {"GET": Role.OWNER}
    filters = (Filter("search", gettext_lazy("Search"), kind="search", hint=gettext_lazy("name")),)

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[SecretRow]:
        """By name."""
        where = {"name__icontains": values["search"]} if values["search"] else {}
        wanted = Wanted(limit, Ordering(("name",)), after=[after.replace("\0", "")] if after else None, where=where)
        found = list_secrets(workspace=self.workspace, wanted=wanted)
        users, self.is_cut = users_of_secrets(workspace=self.workspace) if found else ({}, False)
        return [self._row(each, users.get(each.name, [])) for each in found]

    def cursor(self, row: SecretRow) -> str:
        """Its name."""
        return row.secret.name

    def more(self, listed: Listed) -> dict[str, Any]:
        """Whether all that may use them was looked through."""
        return {"is_cut": self.is_cut, "most": MOST_JOBS}

    def _row(self, secret: Secret, users: Sequence[tuple[str, str]]) -> SecretRow:
        shown = [
            User(kind, name, reverse(f"ui:{kind}", args=[self.workspace.slug, name])) for kind, name in users[:NAMED]
        ]
        return SecretRow(secret, shown, max(len(users) - NAMED, 0))


class _Value(forms.PasswordInput):
    """A text area whose text is never written into a page again."""

    template_name = "django/forms/widgets/textarea.html"

    def __init__(self) -> None:
        # No password manager is to offer a person's own password here, nor to keep this one.
        attributes = {"rows": 4, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "off", "class": "code"}
        super().__init__(attrs=attributes, render_value=False)


class ValueForm(forms.Form):
    """What is in it."""

    value = RawText(
        label=gettext_lazy("Value"),
        help_text=gettext_lazy("It is encrypted, and shown to nobody again: not in pages, answers or logs."),
        widget=_Value(),
    )


class NewForm(ValueForm):
    """And what it is called."""

    name = RawText(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("A letter, then letters, digits, . _ or -: the word by which jobs and sinks name it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ("name", "value")


class SecretAction(Action):
    """Whatever is done to secrets: for owners."""

    area = "ui:secrets"
    roles = {"POST": Role.OWNER}

    @property
    def name(self) -> str:
        """The secret's of the address."""
        return str(self.kwargs["name"])

    def back(self) -> str:
        """The list."""
        return reverse("ui:secrets", args=[self.workspace.slug])

    def users(self) -> list[str]:
        """What names it."""
        found, _cut = users_of_secrets(workspace=self.workspace)
        return [name for _kind, name in found.get(self.name, [])]


class Add(SecretAction):
    """A new one."""

    form_class = NewForm

    def question(self) -> Question:
        """What it is for."""
        text = _("Jobs and sinks name it in place of a password or a key; a worker reads it when it needs it.")
        return Question(_("New secret"), text, _("Save"))

    def act(self, form: Any) -> Done:
        """Store it, if there is none of its name: replacing one is asked for by itself."""
        name, value = _typed(form, "name"), _typed(form, "value")
        if self._exists(name):
            raise ValidationError(
                [FieldError("name", _("there is a secret of this name: replace its value, or take another name"))]
            )
        set_secret(workspace=self.workspace, name=name, value=value, actor=self.actor)
        return Done(_("The secret %(name)s is saved.") % {"name": name}, to=self.back())

    def _exists(self, name: str) -> bool:
        try:
            find_secret(workspace=self.workspace, name=name.replace("\0", ""))
        except NotFoundError:
            return False
        return True


class Replace(SecretAction):
    """Another value for one that there is."""

    form_class = ValueForm

    def question(self) -> Question:
        """Who gets the new one."""
        secret, users = find_secret(workspace=self.workspace, name=self.name), self.users()
        text = _("What reads it from now on gets the new value. The old one cannot be had back.")
        facts = [_("Named by %(users)s") % {"users": ", ".join(users[:NAMED]) + (" …" if users[NAMED:] else "")}]
        return Question(_("Replace %(name)s") % {"name": secret.name}, text, _("Replace"), facts=facts if users else ())

    def act(self, form: Any) -> Done:
        """Store it."""
        secret = find_secret(workspace=self.workspace, name=self.name)
        set_secret(workspace=self.workspace, name=secret.name, value=_typed(form, "value"), actor=self.actor)
        return Done(_("The value of %(name)s is replaced.") % {"name": secret.name})


class Delete(SecretAction):
    """Be rid of one."""

    def question(self) -> Question:
        """Who misses it."""
        secret, users = find_secret(workspace=self.workspace, name=self.name), self.users()
        text = _("It is gone for good. Nothing that is known names it.")
        if users:
            named = ", ".join(users[:NAMED]) + (" …" if users[NAMED:] else "")
            text = _("It is gone for good. What names it fails from now on: %(users)s.") % {"users": named}
        return Question(_("Delete %(name)s") % {"name": secret.name}, text, _("Delete"), danger=True)

    def act(self, form: Any) -> Done:
        """Delete it."""
        if not delete_secret(secret=find_secret(workspace=self.workspace, name=self.name), actor=self.actor):
            raise ConflictError(_("It was deleted by somebody else."))
        return Done(_("The secret %(name)s is deleted.") % {"name": self.name})


def _typed(form: forms.Form, name: str) -> str:
    value = form.cleaned_data.get(name, "")
    return "" if value is ABSENT else str(value)

"""A new token: what is asked of who makes it, and the one page that ever shows it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.errors import JobsError
from jobs.models import ApiToken, Role, Scope
from jobs.selectors.members import find_service_account, list_service_accounts
from jobs.selectors.ordering import Ordering, Wanted
from jobs.services.tokens import create_token
from ui.actions import add_errors
from ui.pages import WorkspacePage
from ui.people.scopes import SCOPES, scope_words

MOST_ACCOUNTS = 200
USUAL_DAYS = "90"
ON_A_DAY, NEVER = "day", "never"
EXPIRES = (
    ("7", gettext_lazy("in 7 days")),
    ("30", gettext_lazy("in 30 days")),
    (USUAL_DAYS, gettext_lazy("in 90 days")),
    ("365", gettext_lazy("in a year")),
    (ON_A_DAY, gettext_lazy("on a day of your choice")),
    (NEVER, gettext_lazy("never, until it is revoked")),
)
HERE, EVERYWHERE = "here", "everywhere"
OPENS = ((HERE, gettext_lazy("this workspace alone")), (EVERYWHERE, gettext_lazy("all my workspaces")))


class TokenForm(forms.Form):
    """What a token is for, what it opens, and until when it is good."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("What it is for, such as the program that will have it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    expires_at = forms.ChoiceField(label=gettext_lazy("Expires"), choices=EXPIRES, initial=USUAL_DAYS)
    day = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("For a day of your choice: it is good until the day is over, in UTC."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    workspace = forms.ChoiceField(label=gettext_lazy("Opens"), choices=OPENS, initial=HERE)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=[(scope.value, words.says) for scope, words in SCOPES.items()],
        initial=[Scope.READ.value],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick at least one of these.")},
    )

    def clean(self) -> dict[str, Any]:
        """A day of one's choice must be named."""
        asked = self.cleaned_data
        if asked.get("expires_at") == ON_A_DAY and not asked.get("day") and "day" not in self.errors:
            self.add_error("day", _("Expected a day, such as 2027-01-31."))
        return asked

    def ends_at(self, now: dt.datetime) -> dt.datetime | None:
        """When it expires; None for never. Raises OverflowError for the last day that there is."""
        chosen, day = self.cleaned_data["expires_at"], self.cleaned_data["day"]
        if chosen == NEVER:
            return None
        if chosen != ON_A_DAY:
            return now + dt.timedelta(days=int(chosen))
        midnight = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
        return midnight + dt.timedelta(days=1)


class OwnersTokenForm(TokenForm):
    """The same for an owner, who may make it for a service account."""

    service_account = forms.ChoiceField(
        label=gettext_lazy("Whose"),
        required=False,
        help_text=gettext_lazy(
            "It never opens more than its user's role. A service account's opens this workspace alone."
        ),
    )
    field_order = ("name", "service_account")

    def __init__(self, data: Any = None, *, accounts: list[str], initial: dict[str, str] | None = None) -> None:
        super().__init__(data, initial=initial)
        choices = [("", _("mine")), *((name, _("service account %(name)s") % {"name": name}) for name in accounts)]
        self.fields["service_account"].choices = choices  # type: ignore[attr-defined]


class NewToken(WorkspacePage):
    """``tokens/new/``. The answer to the POST shows the token, and no cache may keep it; nothing else ever does.

    It is in no address, no message, no session and no log.
    """

    template = "ui/people/token_new.html"
    area = "ui:tokens"
    roles = {"POST": Role.VIEWER}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask."""
        return self._ask(self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Make it, and show it this once."""
        form = self._form(request.POST)
        if not form.is_valid():
            return self._ask(form, status=422)
        try:
            made, token = self._make(form)
        except OverflowError:
            form.add_error("day", _("Expected a day, such as 2027-01-31."))
            return self._ask(form, status=422)
        except JobsError as error:
            add_errors(form, error)
            return self._ask(form, status=422)
        return self._show(made, token)

    def _form(self, data: Any = None) -> TokenForm:
        if self.may(Role.OWNER):
            chosen = self.request.GET.get("service_account", "")
            return OwnersTokenForm(data, accounts=self._accounts(), initial={"service_account": chosen})
        if data is not None and data.get("service_account"):
            raise PermissionDenied
        return TokenForm(data)

    def _accounts(self) -> list[str]:
        wanted = Wanted(MOST_ACCOUNTS, Ordering(("name",)))
        return [account.name for account in list_service_accounts(workspace=self.workspace, wanted=wanted)]

    def _make(self, form: TokenForm) -> tuple[ApiToken, str]:
        """The row, and the token itself. Raises JobsError."""
        asked, user = form.cleaned_data, self.user
        name = asked.get("service_account")
        if name:
            user = find_service_account(workspace=self.workspace, name=name).user
        bound = self.workspace if name or asked["workspace"] == HERE else None
        return create_token(
            user=user,
            name=asked["name"],
            scopes=asked["scopes"],
            expires_at=form.ends_at(self.now),
            workspace=bound,
            actor=self.actor,
            now=self.now,
        )

    def _ask(self, form: TokenForm, *, status: int = 200) -> HttpResponse:
        return self.page(status=status, form=form, scopes=_scope_boxes(form), accounts="service_account" in form.fields)

    def _show(self, made: ApiToken, token: str) -> HttpResponse:
        back = "ui:tokens" if made.user_id == self.user.pk else "ui:workspace-tokens"
        answer = self.page(
            template="ui/people/token_made.html",
            made=made,
            token=token,
            scopes=scope_words(made.scopes),
            example=self.request.build_absolute_uri(f"/api/v1/workspaces/{self.workspace.slug}/jobs/"),
            back=reverse(back, args=[self.workspace.slug]),
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _scope_boxes(form: TokenForm) -> list[dict[str, Any]]:
    """Each scope with its words, and whether it is ticked."""
    ticked = set(form["scopes"].value() or [])
    return [
        {"value": scope.value, "words": words, "ticked": scope.value in ticked, "id": f"id_scopes_{place}"}
        for place, (scope, words) in enumerate(SCOPES.items())
    ]

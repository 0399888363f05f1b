"""Adding and changing rules by a form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from jobs.errors import JobsError
from jobs.models import Role
from jobs.selectors.ordering import Ordering, Wanted
from jobs.services.origins import reason
from sinks.models import Rule
from sinks.rules import read_rule
from sinks.selectors.sinks import list_sinks
from sinks.services.naming import MUST_BE_NEW
from sinks.services.ruling import save_rule
from ui.notices.rule_form import RuleForm, initial_of
from ui.notices.views import MOST_CHOICES, RulePage
from ui.pages import WorkspacePage


class _Form(WorkspacePage):
    """What both share."""

    area = "ui:notifications"
    template = "ui/notices/rule_form.html"
    roles = {"GET": Role.EDITOR}

    def sinks(self) -> list[tuple[str, str]]:
        """What may be chosen."""
        wanted = Wanted(MOST_CHOICES, Ordering(("name",)))
        found = list_sinks(workspace=self.workspace, now=self.now, wanted=wanted)
        return [(view.sink.name, view.sink.kind) for view in found]

    def saved(self, form: RuleForm, *, expected: int | None) -> Rule | None:
        """Save it; None when it was refused, which stands in the form then."""
        if not form.is_valid():
            return None
        try:
            return save_rule(
                workspace=self.workspace, document=form.document(), actor=self.actor, expected_version=expected
            )
        except JobsError as error:
            form.refuse(error)
        return None

    def leave(self, rule: Rule) -> HttpResponse:
        """Say that it is saved, on its page."""
        messages.success(self.request, _("The rule %(rule)s is saved.") % {"rule": rule.name})
        return HttpResponseRedirect(reverse("ui:notification", args=[self.workspace.slug, rule.name]))


class New(_Form):
    """``notifications/new/``; ``?job=key`` begins with that job."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """An empty form."""
        sinks = self.sinks()
        form = RuleForm(sinks=sinks, initial={"job_keys": request.GET.get("job", "")})
        return self.page(form=form, has_sinks=bool(sinks))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Create it."""
        sinks = self.sinks()
        form = RuleForm(request.POST, sinks=sinks)
        rule = self.saved(form, expected=MUST_BE_NEW)
        return self.leave(rule) if rule else self.page(status=422, form=form, has_sinks=bool(sinks))


class Edit(_Form, RulePage):
    """``notifications/rules/<name>/edit/``"""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The rule as it stands; what is kept in a file is changed there."""
        if self.origin is not None:
            messages.warning(request, _("It cannot be changed here: %(reason)s.") % {"reason": reason(self.origin)})
            return HttpResponseRedirect(reverse("ui:notification", args=self.place))
        initial = initial_of(read_rule(self.rule.document), version=self.rule.version)
        return self._show(RuleForm(sinks=self.sinks(), name=self.rule.name, initial=initial))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Save it, if nobody has changed it since it was shown."""
        form = RuleForm(request.POST, sinks=self.sinks(), name=self.rule.name)
        # Without a version nobody can tell what was seen: it is refused as out of date.
        expected = form.expected_version if form.is_valid() else None
        rule = self.saved(form, expected=-1 if expected is None else expected)
        return self.leave(rule) if rule else self._show(form, status=422)

    def _show(self, form: RuleForm, *, status: int = 200) -> HttpResponse:
        return self.page(status=status, form=form, rule=self.rule, has_sinks=True)

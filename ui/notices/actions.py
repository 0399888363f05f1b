"""What is done to a rule: enabled, disabled, deleted, released; and whether its sink can be reached."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from jobs.admin.asking import NoteForm
from jobs.errors import ConflictError
from jobs.models import Role
from jobs.services.origins import reason, release
from sinks.rules import read_rule
from sinks.services import checking
from sinks.services.ruling import KIND, delete_rule, save_rule
from ui.actions import Action, Done, Question
from ui.notices.views import RulePage

WAIT_SECONDS = 8.0


class RuleAction(Action, RulePage):
    """Whatever is done to one rule, by editors."""

    roles = {"POST": Role.EDITOR}

    def back(self) -> str:
        """Its page."""
        return reverse("ui:notification", args=self.place)

    @property
    def named(self) -> dict[str, str]:
        """For sentences."""
        return {"rule": self.rule.name}

    def refuse_kept(self) -> None:
        """What a file keeps is changed there. Raises ConflictError."""
        if self.origin is not None:
            raise ConflictError(reason(self.origin))


class _Switch(RuleAction):
    wished = True

    def act(self, form: Any) -> Done:
        """Save it with that alone changed; who was slower than somebody else is told."""
        document = read_rule(self.rule.document).model_dump(mode="json", exclude_none=True)
        changed = document | {"enabled": self.wished}
        save_rule(workspace=self.workspace, document=changed, actor=self.actor, expected_version=self.rule.version)
        text = _("The rule %(rule)s is enabled.") if self.wished else _("The rule %(rule)s is disabled.")
        return Done(text % self.named)


class Enable(_Switch):
    """It tells of what happens from now on."""

    def question(self) -> Question:
        """As said."""
        self.refuse_kept()
        text = _("It tells of what happens from now on, through the sink %(sink)s.") % {
            "sink": self.rule.document["sink"]
        }
        return Question(_("Enable the rule %(rule)s") % self.named, text, _("Enable"))


class Disable(_Switch):
    """It tells nothing."""

    wished = False

    def question(self) -> Question:
        """As said."""
        self.refuse_kept()
        text = _("It tells nothing until it is enabled again; what happens meanwhile is not told later.")
        return Question(_("Disable the rule %(rule)s") % self.named, text, _("Disable"))


class Delete(RuleAction):
    """What it has told stays."""

    def question(self) -> Question:
        """What goes and what stays."""
        self.refuse_kept()
        text = _("What it has told stays in the list; what it has collected and not sent is dropped.")
        return Question(_("Delete the rule %(rule)s") % self.named, text, _("Delete"), danger=True)

    def act(self, form: Any) -> Done:
        """Delete it."""
        delete_rule(rule=self.rule, actor=self.actor)
        to = reverse("ui:notifications", args=[self.workspace.slug])
        return Done(_("The rule %(rule)s is deleted.") % self.named, to=to)


class NoteDialog(NoteForm):
    """Without the styles of the admin."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].widget.attrs.pop("class", None)


class Release(RuleAction):
    """Let a rule that is kept in a file be edited here."""

    form_class = NoteDialog

    def question(self) -> Question:
        """What it means for the file."""
        if self.origin is None:
            raise ConflictError(_("The rule %(rule)s is kept in no file.") % self.named)
        text = _(
            "The rule can be edited everywhere then. It stays as it is; the file %(path)s, applied again, takes it back."
        )
        told = text % {"path": self.origin.path}
        return Question(_("Release the rule %(rule)s") % self.named, told, _("Release"))

    def act(self, form: Any) -> Done:
        """Release it."""
        release(workspace=self.workspace, kind=KIND, name=self.rule.name, actor=self.actor, note=form.asked.note)
        return Done(_("The rule %(rule)s can be edited here now.") % self.named)


class TestSink(RulePage):
    """Whether the rule's sink can be reached, as a worker sees it; nothing is sent."""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The answer, for the page that is there."""
        asked = checking.ask_about(sink=self.rule.sink, actor=self.actor, now=self.now)
        check = checking.wait(check=asked, seconds=WAIT_SECONDS)
        if check.ended_at is None:
            wrong = _("No worker has answered within %(seconds)g s.") % {"seconds": WAIT_SECONDS}
            return self.part("ui/notices/test.html", wrong=wrong)
        if check.error:
            return self.part("ui/notices/test.html", wrong=str(check.error.get("message") or check.error))
        return self.part("ui/notices/test.html", said=str((check.result or {}).get("message") or ""))

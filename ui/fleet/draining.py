"""Having a worker take nothing new, and having it go on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.errors import ConflictError
from jobs.selectors.fleet import ProcessView, get_process
from jobs.services import fleet
from ui.actions import Action, Done, Question


class WorkerAction(Action):
    """Something that is done to a worker. It serves all workspaces, so that no role in one of them suffices: superusers do it."""

    area = "ui:workers"

    def let_in(self) -> None:
        """As said."""
        super().let_in()
        if not self.user.is_superuser:
            raise PermissionDenied

    @cached_property
    def view(self) -> ProcessView:
        """That of the address. Raises NotFoundError."""
        return get_process(workspace=self.workspace, process_id=self.kwargs["process_id"], now=self.now)

    def back(self) -> str:
        """Its page."""
        return reverse("ui:worker", args=[self.workspace.slug, self.kwargs["process_id"]])

    def done(self, changed: bool, text: str) -> Done:
        """What came of it."""
        if not changed:
            return Done(_("%(worker)s was so already: nothing was changed.") % self.named, level=messages.INFO)
        return Done(text % self.named)

    @property
    def named(self) -> dict[str, str]:
        """For sentences."""
        return {"worker": self.view.process.node}

    def judge(self, *, draining: bool) -> None:
        """Refuse what fits neither a beat nor how it stands."""
        process = self.view.process
        if process.kind != "worker":
            raise ConflictError(_("%(worker)s is a beat: it takes no work.") % self.named)
        if (process.draining_since is not None) == draining:
            word = _("%(worker)s drains already.") if draining else _("%(worker)s does not drain.")
            raise ConflictError(word % self.named)


class Drain(WorkerAction):
    """``workers/<id>/drain/``"""

    def question(self) -> Question:
        """What becomes of what it holds."""
        self.judge(draining=True)
        text = _(
            "It takes nothing new within seconds, ends the payloads at work, and hands the rest of its runs to other workers. It"
            " stays, and can take work again."
        )
        return Question(_("Drain %(worker)s") % self.named, text, _("Drain"), danger=True, facts=self._facts())

    def act(self, form: Any) -> Done:
        """Wish it."""
        changed = fleet.drain(process=self.view.process, actor=self.actor, now=self.now)
        return self.done(changed, _("%(worker)s takes nothing new from now on."))

    def _facts(self) -> list[str]:
        holding = self.view.holding
        count = holding.lanes + holding.elsewhere
        return [
            ngettext("It holds %(count)s lane now.", "It holds %(count)s lanes now.", count) % {"count": count},
            _("Its queues: %(queues)s") % {"queues": ", ".join(self.view.process.queues)},
        ]


class Resume(WorkerAction):
    """``workers/<id>/resume/``"""

    def question(self) -> Question:
        """What it does then."""
        self.judge(draining=False)
        text = _("It takes work from its queues again within seconds: %(queues)s.")
        told = text % {"queues": ", ".join(self.view.process.queues)}
        return Question(_("Let %(worker)s work again") % self.named, told, _("Take work again"))

    def act(self, form: Any) -> Done:
        """Wish it."""
        changed = fleet.resume(process=self.view.process, actor=self.actor)
        return self.done(changed, _("%(worker)s takes work again."))

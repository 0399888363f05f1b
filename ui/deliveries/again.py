"""What people are told of deliveries that shall be made again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sinks.services.redelivering import Again
from sinks.states import Skipped

NAMED = 10
_REASONS = {
    Skipped.DUE: gettext_lazy("it is due anyway"),
    Skipped.ERASED: gettext_lazy("the results of its run were erased, so there is nothing to deliver"),
    Skipped.NO_SINK: gettext_lazy("its sink is gone, and nothing says which one is meant now"),
    Skipped.NOT_FOUND: gettext_lazy("there is no such delivery"),
}


def made_words(again: Again) -> tuple[str, int]:
    """How many will be made again, and the level of a message that says so."""
    text = ngettext("%(count)s delivery will be made again.", "%(count)s deliveries will be made again.", again.made)
    told = text % {"count": f"{again.made:,}"}
    return told, messages.SUCCESS if again.made else messages.WARNING


def tell_the_others(request: HttpRequest, again: Again) -> None:
    """A message for each reason why some were left as they are."""
    reasons: dict[Skipped, list[int]] = {}
    for delivery_id, why in again.skipped.items():
        reasons.setdefault(why, []).append(delivery_id)
    for why, ids in reasons.items():
        named = ", ".join(map(str, ids[:NAMED])) + (" …" if len(ids) > NAMED else "")
        told = _("Not made again: %(deliveries)s: %(reason)s.") % {"deliveries": named, "reason": _REASONS[why]}
        messages.add_message(request, messages.WARNING if why is Skipped.DUE else messages.ERROR, told)
    untold = again.left - len(again.skipped)
    if untold > 0:
        messages.warning(request, _("%(count)s more are left as they are.") % {"count": f"{untold:,}"})

"""Deliveries in the admin: to be read, and to be made again."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import Truncator

from jobs.admin.asking import ask
from jobs.admin.badges import badge, instant
from jobs.admin.scope import permits, workspaces
from jobs.admin.typed import TypedAdmin
from jobs.models import Role, Workspace
from sinks.admin.again import told, warning
from sinks.admin.finding import HELP, KindFilter, OfWorkspace, found
from sinks.admin.notices import notices_page
from sinks.admin.results import results_page
from sinks.models import Delivery
from sinks.selectors.deliveries import SHOWN, failed_attempts, of_workspaces, sink_named
from sinks.services.redelivering import redeliver
from sinks.states import DeliveryState

_SHORT = 120
"""Characters of an error in the list."""


@admin.register(Delivery)
class DeliveryAdmin(TypedAdmin[Delivery]):
    """A list with filters; a page with the receipt and the attempts that failed."""

    change_form_template = "admin/sinks/delivery/change_form.html"
    list_display = ("id", "state_shown", "sink_name", "run_shown", "positions", "attempts", "when", "trouble")
    list_filter = (OfWorkspace, "state", KindFilter)
    search_fields = ("=pk",)  # `get_search_results` says what is searched; without any there would be no field
    search_help_text = HELP
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("deliver_again",)
    fields = (
        ("sink_name", "run_shown"),
        "state_shown",
        ("positions", "payloads"),
        ("attempts", "due_at"),
        ("created_at", "ended_at"),
        ("bytes", "sha256"),
        "receipt_json",
        "error_json",
    )
    readonly_fields = ("sink_name", "run_shown", "state_shown", "positions", "receipt_json", "error_json")

    class Media:
        css = {"all": ("sinks/deliveries.css",)}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        """By numbers and names that have an index; each delivery is found once."""
        return found(queryset, search_term), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Only what the caller may see."""
        rows = super().get_queryset(request).select_related(*SHOWN)
        if getattr(request.user, "is_superuser", False):
            return rows
        return rows.filter(of_workspaces(workspaces(request, Role.VIEWER).values_list("pk", flat=True)))

    def get_urls(self) -> list[URLPattern]:
        """The admin's, the pages of a run's results and notices, beside its deliveries, and the page that delivers one again."""
        notices = self.admin_site.admin_view(partial(notices_page, self.admin_site))
        results = self.admin_site.admin_view(partial(results_page, self.admin_site))
        again = self.admin_site.admin_view(self.again_view)
        return [
            path("of-run/<int:run_id>/results/", results, name="sinks_run_results"),
            path("of-run/<int:run_id>/notices/", notices, name="sinks_run_notices"),
            path("<int:delivery_id>/again/", again, name="sinks_delivery_again"),
            *super().get_urls(),
        ]

    def has_module_permission(self, request: HttpRequest) -> bool:
        """True when there may be something to see."""
        return permits(request, Role.VIEWER)

    def has_view_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        """For viewers."""
        return permits(request, Role.VIEWER, _workspace_id(obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Runs make them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        """History is not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        """History is not deleted by hand."""
        return False

    def has_redeliver_permission(self, request: HttpRequest) -> bool:
        """For operators of some workspace; those of the others are left alone."""
        return permits(request, Role.OPERATOR)

    @admin.action(description="Deliver the selected ones again", permissions=["redeliver"])
    def deliver_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Each under the id that it has; those that stay as they are, are named."""
        chosen: dict[int, list[int]] = {}
        for delivery in queryset:
            workspace_id = _workspace_id(delivery)
            if workspace_id is not None and permits(request, Role.OPERATOR, workspace_id):
                chosen.setdefault(workspace_id, []).append(delivery.pk)
        actor = str(request.user.get_username())
        owners = Workspace.objects.in_bulk(chosen)
        agains = [redeliver(workspace=owners[each], delivery_ids=ids, actor=actor) for each, ids in chosen.items()]
        for level, text in told(agains):
            self.message_user(request, text, level)

    @admin.display(description="sink")
    def sink_name(self, delivery: Delivery) -> str:
        """The entry's name, or that of the sink, and the sink's page."""
        name = sink_named(delivery) or f"sink {delivery.sink_id}"
        if delivery.sink_id is None:
            return name
        address = reverse("admin:sinks_sink_change", args=[delivery.sink_id])
        return format_html('<a href="{}">{}</a>', address, name)

    @admin.display(description="run or rule")
    def run_shown(self, delivery: Delivery) -> str:
        """Which, with its page."""
        if delivery.handover is None:
            return rule_shown(delivery)
        address = reverse("admin:jobs_run_change", args=[delivery.run_id])
        return format_html('<a href="{}">{} of {}</a>', address, delivery.run_id, delivery.handover.run.job_key)

    @admin.display(description="state", ordering="state")
    def state_shown(self, delivery: Delivery) -> str:
        """The state with its sign."""
        return badge(delivery.state)

    @admin.display(description="positions")
    def positions(self, delivery: Delivery) -> str:
        """Of the payloads that it covers."""
        first, last = delivery.first_position, delivery.last_position
        return str(first) if first == last else f"{first} to {last}"

    @admin.display(description="ended, or tried next")
    def when(self, delivery: Delivery) -> str:
        """The one of the two that it has."""
        if delivery.ended_at is not None:
            return instant(delivery.ended_at)
        return f"next {instant(delivery.due_at)}" if delivery.due_at is not None else ""

    @admin.display(description="last error")
    def trouble(self, delivery: Delivery) -> str:
        """Its beginning; all of it is shown where the pointer rests, and on the delivery's page."""
        message = str((delivery.error or {}).get("message", "")) if delivery.state != "delivered" else ""
        return format_html('<span title="{}">{}</span>', message, Truncator(message).chars(_SHORT)) if message else ""

    @admin.display(description="receipt")
    def receipt_json(self, delivery: Delivery) -> str:
        """Written for people."""
        return _pretty(delivery.receipt)

    @admin.display(description="error")
    def error_json(self, delivery: Delivery) -> str:
        """Written for people."""
        return _pretty(delivery.error)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the attempts that failed."""
        delivery = kwargs.get("obj")
        if delivery is not None:
            context["failed"] = failed_attempts(delivery=delivery)
            context["may_redeliver"] = delivery.state != DeliveryState.DUE and _may_redeliver(request, delivery)
        return super().render_change_form(request, context, *args, **kwargs)

    def again_view(self, request: HttpRequest, delivery_id: int) -> HttpResponse:
        """Say what will be done, then do it."""
        delivery = self.get_object(request, str(delivery_id))
        if delivery is None or not _may_redeliver(request, delivery):
            raise Http404("there is no such delivery, or you may not make it again")
        page = reverse("admin:sinks_delivery_change", args=[delivery_id])
        if request.method == "POST":
            self.deliver_again(request, Delivery.objects.filter(pk=delivery_id))
            return HttpResponseRedirect(page)
        return ask(
            self.admin_site,
            request,
            title=f"Deliver again: {delivery}",
            text=warning(delivery),
            form=forms.Form(),
            button="Deliver again",
            back=[(reverse("admin:sinks_delivery_changelist"), "Deliveries"), (page, str(delivery))],
        )


def _pretty(value: Any) -> str:
    return (
        format_html('<pre class="said">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False))
        if value is not None
        else "-"
    )


def _may_redeliver(request: HttpRequest, delivery: Delivery) -> bool:
    return permits(request, Role.OPERATOR, _workspace_id(delivery))


def _workspace_id(delivery: Delivery | None) -> int | None:
    if delivery is None:
        return None
    return delivery.workspace_id if delivery.handover is None else delivery.handover.run.workspace_id


def rule_shown(delivery: Delivery) -> str:
    """Whose notices it holds, with the rule's page; a rule may be gone."""
    if delivery.rule is None:
        return "a rule that was deleted"
    address = reverse("admin:sinks_rule_change", args=[delivery.rule.pk])
    return format_html('<a href="{}">rule {}</a>', address, delivery.rule.name)

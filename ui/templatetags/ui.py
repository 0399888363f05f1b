"""The components that all pages are made of. docs/explanation/ui-pages.md shows each with an example."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from typing import Any

from django import template
from django.forms import BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from ui import charts, icons, looks, words

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A sign of `ui.icons`. With ``label`` it speaks for itself; without, what stands beside it does."""
    told = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" focusable="false" {}><path d="{}"/></svg>',
        told,
        icons.PATHS[name],
    )


@register.simple_tag
def state(value: str, word: str = "", title: str = "") -> SafeString:
    """A state's badge: sign, word and tone. ``word`` in place of its own; ``title`` for who hovers."""
    look = looks.look(value)
    return format_html(
        '<span class="badge tone-{}"{}>{}<span>{}</span></span>',
        look.tone,
        format_html(' title="{}"', title) if title else "",
        icon(look.icon),
        word or look.word,
    )


@register.simple_tag
def badge(tone: str, sign: str, word: str) -> SafeString:
    """The same for what is no state of `ui.looks`."""
    return format_html('<span class="badge tone-{}">{}<span>{}</span></span>', tone, icon(sign), word)


@register.simple_tag(takes_context=True)
def when(
    context: Context, at: dt.datetime | None, zone: str = "", empty: str = words.NOTHING, *, focus: bool = True
) -> SafeString:
    """An instant, as told from now: ``4 min ago``. Who hovers or focuses gets it in ``zone``, in their own and in UTC.

    ``focus`` is False within a link, which is focused itself.
    """
    if at is None:
        return format_html('<span class="none">{}</span>', empty)
    now = context.get("now") or dt.datetime.now(dt.UTC)
    return format_html(
        '<time class="when" datetime="{}"{}{}>{}</time>',
        at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        mark_safe(' tabindex="0"') if focus else "",
        format_html(' data-zone="{}" data-there="{}"', zone, _there(at, zone)) if zone else "",
        words.relative(at, now=now),
    )


@register.simple_tag
def clock(at: dt.datetime | None, zone: str = "UTC", form: str = "%Y-%m-%d %H:%M:%S %Z") -> SafeString:
    """An instant as it stands on a clock of a zone: ``2026-11-22 13:04:09 CET``."""
    if at is None:
        return format_html('<span class="none">{}</span>', words.NOTHING)
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), _there(at, zone, form))


@register.filter
def duration(value: Any) -> str:
    """Milliseconds or a timedelta in words: ``1 m 12 s``."""
    return words.duration(value.total_seconds() * 1000 if isinstance(value, dt.timedelta) else value)


@register.filter
def seconds(value: float | None) -> str:
    """Seconds in words."""
    return words.duration(None if value is None else value * 1000)


@register.filter
def number(value: float | None) -> str:
    """``12,345``."""
    return words.number(value)


@register.filter
def percent(share: float | None) -> str:
    """A share from 0 to 1: ``97 %``."""
    return words.percent(share)


@register.simple_tag
def progress(done: float, total: float, label: str = "", tone: str = "blue") -> SafeString:
    """A bar. What it says is also written, by who puts it there."""
    share = 100 if total <= 0 else min(100, done * 100 / total)
    return format_html(
        '<svg class="progress tone-{}" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="track" width="100" height="6"/><rect class="fill" width="{}" height="6"/></svg>',
        tone,
        label or _("%(done)s of %(total)s") % {"done": f"{done:,}", "total": f"{total:,}"},
        f"{share:.2f}",
    )


@register.simple_tag
def strip(runs: Sequence[Any], most: int = 30) -> SafeString:
    """The last runs as bars, the newest at the right end. Each of ``runs``, newest first, has ``address``, ``state``, ``title``."""
    bars = [
        (each.address, looks.look(each.state).tone, looks.look(each.state).word, each.title)
        for each in reversed(runs[:most])
    ]
    if not bars:
        return format_html('<span class="none">{}</span>', _("no runs yet"))
    drawn = format_html_join(
        "",
        '<a href="{}" class="tone-{}" title="{}: {}" aria-label="{}: {}"></a>',
        ((address, tone, word, title, word, title) for address, tone, word, title in bars),
    )
    return format_html('<span class="strip">{}</span>', drawn)


@register.simple_tag
def field(bound: BoundField, *, wide: bool = False) -> SafeString:
    """A form's field with its label, help and errors, which are tied to it for who listens."""
    return SafeString(
        render_to_string(
            "ui/components/field.html", {"field": bound, "wide": wide, "errors_id": f"{bound.id_for_label}_errors"}
        )
    )


@register.simple_tag
def stacked_bars(chart: charts.Stacked) -> SafeString:
    """A `charts.Stacked`."""
    return SafeString(render_to_string("ui/components/stacked.html", {"chart": chart}))


@register.simple_tag
def line_chart(chart: charts.Line) -> SafeString:
    """A `charts.Line`."""
    return SafeString(render_to_string("ui/components/line.html", {"chart": chart}))


@register.simple_block_tag
def panel(content: str, title: str = "", anchor: str = "", classes: str = "") -> SafeString:
    """A part of a page under a heading of its own."""
    heading = format_html("<h2>{}</h2>", title) if title else ""
    return format_html(
        '<section class="panel {}"{}>{}{}</section>',
        classes,
        format_html(' id="{}"', anchor) if anchor else "",
        heading,
        content,
    )


@register.simple_block_tag
def empty(content: str, title: str, sign: str = "box") -> SafeString:
    """In place of what there is not: what it would be, and within, what to do first."""
    return format_html('<div class="empty">{}<p class="empty-title">{}</p>{}</div>', icon(sign), title, content)


@register.simple_block_tag
def menu(content: str, label: str = "") -> SafeString:
    """The ``[...]`` of a row: links and buttons within. Opens by click, Enter, Space; arrows move; Escape closes."""
    return format_html(
        '<details class="menu"><summary class="button quiet icon-only" aria-label="{}">{}</summary>'
        '<div class="menu-items">{}</div></details>',
        label or _("More actions"),
        icon("dots"),
        content,
    )


@register.simple_tag
def action(address: str, word: str, sign: str = "", tone: str = "") -> SafeString:
    """A button that opens the dialog of a `ui.actions.Action`; without scripts a link to it as a page."""
    return format_html(
        '<a class="button {}" href="{}" hx-get="{}" hx-target="#dialog-content" data-dialog>{}{}</a>',
        tone,
        address,
        address,
        icon(sign) if sign else "",
        word,
    )


@register.simple_tag(takes_context=True)
def here(context: Context, **changes: object) -> str:
    """The present address with some parameters of its query changed; empty ones are left out, and so is the page's cursor."""
    request = context["request"]
    query = request.GET.copy()
    query.pop("after", None)
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"{request.path}?{query.urlencode()}" if query else str(request.path)


def _there(at: dt.datetime, zone: str, form: str = "%Y-%m-%d %H:%M:%S %Z") -> str:
    return at.astimezone(zoneinfo.ZoneInfo(zone)).strftime(form)

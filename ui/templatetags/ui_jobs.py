"""What the pages of jobs say in short."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.masking import masked
from jobs.models import Job
from jobs.selectors.run_views import RunView
from ui import words
from ui.pretty import Pretty, pretty
from ui.standing import Standing

register = template.Library()

_USUAL = {"task": "http", "spark": "spark", "datasource": "datasource"}
_SAID_BY = {"http": ("method", "url"), "spark": ("target",), "log_cleanup": ("days",), "generate": ("records",)}


@register.simple_tag
def last_run_words(view: RunView, now: dt.datetime) -> str:
    """How far it is, or how long it took and what went wrong."""
    standing = Standing(view, now)
    if not standing.is_over:
        left = f", {_('about %s left') % words.duration(standing.left.total_seconds() * 1000)}" if standing.left else ""
        return f"{standing.percent} %{left}"
    took = words.duration(standing.took.total_seconds() * 1000) if standing.took else ""
    failed = view.counts.failed
    total = view.counts.total
    text = ngettext("%(failed)s of %(total)s payload failed", "%(failed)s of %(total)s payloads failed", total)
    told = text % {"failed": words.number(failed), "total": words.number(total)}
    stopped = "code" in (view.run.error or {})  # else its message says the same as the counts
    return ", ".join(part for part in (took, told if failed else "", standing.message[:80] if stopped else "") if part)


@register.filter
def usual_kind(job_type: str, job: Job) -> str:
    """The kind whose form a copy of the job begins in."""
    return _USUAL[job_type]


@register.filter
def payload_words(payload: Mapping[str, Any]) -> str:
    """What a payload does, in a few words of its parameters."""
    parameters = payload.get("parameters") or {}
    names = _SAID_BY.get(str(payload.get("kind")))
    if names:
        return " ".join(str(parameters[name]) for name in names if name in parameters)
    return ", ".join(f"{name}: {_short(masked(value, name))}" for name, value in list(parameters.items())[:3])


@register.filter
def payload_facts(payload: Mapping[str, Any]) -> Pretty | None:
    """All that a payload says, as JSON, without the values of secrets."""
    return pretty({name: masked(value, name) for name, value in payload.items() if value not in (None, {}, [], "")})


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:60]}…"

"""The pages of notifications."""

from __future__ import annotations

import datetime as dt

from playwright.sync_api import Page

from jobs.models import Workspace
from sinks.models import Delivery, Notice, Rule
from sinks.services.naming import save_sink
from sinks.services.ruling import save_rule
from tests.browser.pictures import Picture
from tests.integration.people import make_job
from tests.integration.run_rows import make_ended_run


def _notice(rule: Rule, number: int, subject: str, *, state: str = "", minutes: int, **columns: object) -> None:
    at = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=minutes)
    if state:
        ends = {"ended_at": at} | ({"bytes": 9} if state == "delivered" else {"error": {"message": "no answer"}})
        sent = {"sink_id": rule.sink_id, "first_position": 0, "last_position": 0, "payloads": 1, "state": state}
        delivery = Delivery.objects.create(rule=rule, workspace_id=rule.workspace_id, **sent, **ends)
        columns["delivery_id"] = delivery.pk
    text = f"{subject} at {at:%Y-%m-%d %H:%M:%S} UTC.\nReason: HTTP 503 Service Unavailable from partner-b"
    Notice.objects.create(
        workspace_id=rule.workspace_id,
        rule=rule,
        key=f"run.failed:{number}",
        event="run.failed",
        job_id=1,
        document={"rule": rule.name, "subject": subject, "text": text},
        created_at=at,
        **columns,
    )


def some_rules(workspace: Workspace) -> Rule:
    """Three rules and what they told; the one that wakes people is returned."""
    for name, kind in (("pager", "log"), ("team-mail", "log")):
        save_sink(workspace=workspace, document={"name": name, "kind": kind}, actor="ada")
    rules = [
        save_rule(workspace=workspace, document=document, actor="ada")
        for document in (
            {
                "name": "on-call",
                "sink": "pager",
                "events": ["failed", "recovered", "late", "stuck", "missed", "paused"],
                "jobs": {"tags": ["nightly"], "types": ["task", "spark"]},
                "in_a_row": 2,
                "stuck_after": "2h",
                "quiet": "1h",
                "description": "Wakes whoever is on call when a nightly job fails twice",
            },
            {"name": "digest", "sink": "team-mail", "digest": "15m", "description": "Everything, to the team"},
            {"name": "partners", "sink": "pager", "jobs": {"keys": ["task:check-partners"]}, "enabled": False},
        )
    ]
    run = make_ended_run(make_job(workspace, "task:nightly-check"), "sf")
    _notice(rules[0], 1, "task:nightly-check failed, 2 runs in a row", state="delivered", minutes=95, run_id=run.pk)
    _notice(rules[0], 2, "task:nightly-check failed, 4 runs in a row", minutes=60, run_id=run.pk)
    _notice(rules[0], 3, "task:nightly-check recovered after 4 failures", state="delivered", minutes=30)
    _notice(rules[0], 4, "spark:rollup-flights is late", state="dead", minutes=12)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=9)
    _notice(rules[1], 5, "task:check-partners failed", minutes=6, send_at=soon)
    return rules[0]


def _rules(workspace: Workspace) -> None:
    some_rules(workspace)


def _wrong(page: Page) -> None:
    page.get_by_label("Name").fill("on call")
    page.get_by_label("Failures in a row").fill("many")
    page.get_by_label("Late after").fill("soon")
    page.get_by_role("button", name="Save").click()
    page.locator(".field.wrong").first.wait_for()


PICTURES = [
    Picture("notifications", "notifications/", prepare=_rules),
    Picture("notifications-empty", "notifications/"),
    Picture("notification", "notifications/rules/on-call/", prepare=_rules),
    Picture("notification-new", "notifications/new/"),
    Picture("notification-edit", "notifications/rules/on-call/edit/", prepare=_rules),
    Picture("notices", "notifications/sent/", prepare=_rules),
    Picture(
        "notification-delete",
        "notifications/rules/on-call/delete/",
        prepare=_rules,
    ),
]

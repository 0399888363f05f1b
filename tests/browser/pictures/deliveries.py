"""The pages of sinks and deliveries."""

from __future__ import annotations

import datetime as dt

from playwright.sync_api import Page

from jobs.models import Origin, Workspace
from jobs.services.secrets import set_secret
from sinks.models import Delivery, Sink
from tests.browser.pictures import Picture
from tests.integration.delivery_rows import disable, make_delivery, make_sink, rest
from tests.integration.people import make_job
from tests.integration.run_rows import make_ended_run

HOOK = {
    "url": "https://partner-b.example/hooks/results",
    "sign": {"secrets": ["partner-b-key"]},
    "headers": {"X-Tenant": "acme"},
}


def some_sinks(workspace: Workspace) -> Sink:
    """Sinks in each state, with deliveries; the one that a partner listens at is returned."""
    for name in ("partner-b-key", "warehouse"):
        set_secret(workspace=workspace, name=name, value="not shown", actor="ada")
    hook = make_sink(
        workspace, "partner-b", kind="webhook", configuration=HOOK, description="Tells partner B each result"
    )
    table = make_sink(workspace, "warehouse", kind="sql", configuration={"url_secret": "warehouse", "table": "results"})
    gone = make_sink(workspace, "old-partner", kind="webhook", configuration={"url": "https://old.example/hook"})
    make_sink(workspace, "workers-log", description="To try things out")
    Origin.objects.create(
        workspace=workspace, kind="sink", name="warehouse", source="repo", path="sinks/warehouse.yaml"
    )
    sinks = [{"sink": each} for each in ("partner-b", "warehouse", "old-partner")]
    job = make_job(workspace, "task:check-partners", payloads=200, sinks=sinks)
    for name in ("report", "rollup", "month-end", "year-end"):
        make_job(workspace, f"task:{name}", sinks=[{"sink": "partner-b"}])
    now = dt.datetime.now(dt.UTC)
    for number in range(12):
        at = now - dt.timedelta(minutes=5 + 20 * number)
        run = make_ended_run(job, "s" * 20, created_at=at, started_at=at, ended_at=at)
        make_delivery(run, table, "delivered", place=1, created_at=at, ended_at=at)
        make_delivery(run, hook, ("due", "due", "dead", "delivered")[min(number, 3)], created_at=at)
    make_delivery(run, gone, "dead", place=2)
    rest(hook)
    disable(gone)
    return hook


def _sinks(workspace: Workspace) -> None:
    some_sinks(workspace)


def _delivery(state: str) -> str:
    return f"deliveries/{Delivery.objects.filter(state=state).latest('pk').pk}/"


def _dead(workspace: Workspace) -> str:
    some_sinks(workspace)
    return _delivery("dead")


def _delivered(workspace: Workspace) -> str:
    some_sinks(workspace)
    return _delivery("delivered")


def _wrong(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("partner-c")
    page.get_by_label("url", exact=True).fill("ftp://partner-c")
    page.get_by_role("button", name="Save").click()
    page.locator(".field.wrong").first.wait_for()


def _tick(page: Page) -> None:
    page.get_by_label("Choose all of this page").check()
    page.get_by_role("button", name="Deliver again").click()
    page.get_by_role("dialog").get_by_role("button", name="Deliver again").wait_for()


PICTURES = [
    Picture("sinks", "sinks/", prepare=_sinks),
    Picture("sinks-empty", "sinks/"),
    Picture("sink", "sinks/partner-b/", prepare=_sinks),
    Picture("sink-disabled", "sinks/old-partner/", prepare=_sinks),
    Picture("sink-from-file", "sinks/warehouse/", prepare=_sinks),
    Picture("sink-add", "add-sink/"),
    Picture("sink-add-webhook", "add-sink/webhook/"),
    Picture("sink-add-s3", "add-sink/s3/"),
    Picture("sink-edit", "sinks/partner-b/edit/", prepare=_sinks),
    Picture(
        "sink-redeliver",
        "sinks/partner-b/",
        prepare=_sinks,
        act=lambda page: page.get_by_role("link", name="Deliver again what is dead").click(),
    ),
    Picture("deliveries", "deliveries/", prepare=_sinks),
    Picture("deliveries-empty", "deliveries/"),
    Picture("deliveries-again", "deliveries/", prepare=_sinks, act=_tick),
    Picture("delivery-dead", prepare=_dead),
    Picture("delivery", prepare=_delivered),
]

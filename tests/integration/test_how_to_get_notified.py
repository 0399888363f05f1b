"""The commands of docs/how-to/get-notified.md, said to a real server, beside a sweep and a worker that delivers."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from jobs.models import Run
from jobs.services.closing import close_runs
from sinks.documents import parse_sink
from sinks.rules import RuleDocument
from sinks.telling import WORDS
from sinks.wording import document_of
from tests.integration.sinks.handmade import failure
from tests.integration.sinks.makers import finish
from tests.integration.test_how_to_deliver import deliver, environment, said
from workers.noticing import tell

__all__ = ["environment"]  # the fixture

GUIDE = (Path(__file__).parents[2] / "docs" / "how-to" / "get-notified.md").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("curl") is None, reason="the guide's commands are curl's")
@pytest.mark.django_db(transaction=True)
def test_the_guides_commands_do_what_it_says(environment: dict[str, str]) -> None:
    sink, rule, job, look, switch_off = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)

    said(sink, environment)
    assert said(rule, environment)[0]["in_a_row"] == 2
    for started in said(job, environment)[1:]:
        run = Run.objects.get(pk=started["id"])
        finish(run, failed=[0])
        close_runs(run_ids=[run.pk])
    with capture_logs() as lines:
        tell()
        deliver()
    [line] = [line["text"] for line in lines if line["event"] == "sink.said"]
    assert line.startswith("task:nightly-check failed, 2 runs in a row: {")

    [notice] = said(look, environment)[0]["results"]
    assert (notice["event"], notice["run"], notice["state"]) == ("run.failed", run.pk, "delivered")
    assert said(switch_off, environment)[0]["enabled"] is False


def test_the_guide_shows_a_notice_with_all_its_fields() -> None:
    shown: dict[str, Any] = json.loads(re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)[0])
    assert shown.keys() == document_of(failure(), rule="on-call", link=None).keys()


def test_the_guide_names_every_field_of_a_rule_and_every_event() -> None:
    for name in RuleDocument.model_fields.keys() - {"description"}:
        assert f"| `{name}` |" in GUIDE
    for event, word in WORDS.items():
        assert re.search(rf"\| `{word}` \|.*`{re.escape(event)}`", GUIDE), event


def test_the_sink_for_a_chat_is_one() -> None:
    document = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[0])
    assert parse_sink(document).kind == "http"

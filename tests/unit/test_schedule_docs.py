"""The documents that the pages on schedules show are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobs.documents import parse_job
from jobs.yaml_text import read_value

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["reference/schedule-document.md", "reference/triggers/job.md"]
BLOCKS = [
    pytest.param(block, id=f"{page}-{at}")
    for page in PAGES
    for at, block in enumerate(re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_document_on_the_pages_is_accepted(block: str) -> None:
    document = parse_job(read_value(block))
    assert document.schedules


def test_every_kind_of_trigger_and_policy_has_its_line() -> None:
    page = (DOCS / "reference/schedule-document.md").read_text(encoding="utf-8")
    for word in ("cron", "interval", "every", "iso8601", "calendar", "once", "random", "frequency", "job"):
        assert f"| `{word}` |" in page
    for word in ("skip", "latest", "all", "buffer_one", "buffer_all", "cancel_other", "terminate_other", "allow_all"):
        assert f"| `{word}` |" in page

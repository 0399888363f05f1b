"""The documentation can be found: its index names every page, and no link of it leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sinks import registry
from workers.payloads import EXECUTORS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
INDEX = DOCS / "README.md"
EXAMPLES = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "examples").glob("*.yaml"))
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])


def targets(page: Path) -> set[Path]:
    """The files that a page links to."""
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    return {(page.parent / link).resolve() for link in links}


def headings(page: Path) -> set[str]:
    """The names by which the headings of a page can be linked to."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_the_index_names_every_page() -> None:
    assert {page for page in DOCS.rglob("*.md") if page != INDEX} - targets(INDEX) == set()


@pytest.mark.parametrize("kind", sorted(EXECUTORS.keys() - {"noop"}))
def test_every_kind_has_its_page_and_a_line_in_the_readme(kind: str) -> None:
    assert f"| `{kind}` |" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert DOCS / "reference" / f"{kind.replace('_', '-')}-payload.md" in targets(INDEX)


@pytest.mark.parametrize("kind", registry.names())
def test_every_kind_of_sink_has_its_page(kind: str) -> None:
    assert DOCS / "reference" / f"sink-{kind}.md" in targets(INDEX)


def test_no_job_on_a_page_would_replace_an_example_or_the_job_of_another_page() -> None:
    keys = re.findall(r"^(?:- )?key: (\S+)", EXAMPLES, re.MULTILINE)
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        keys += re.findall(r"^key: (\S+)", text, re.MULTILINE) + re.findall(r'-d \'\{"key": "([^"]+)"', text)
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    assert [str(target) for target in targets(page) if not target.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_names_a_heading_that_is_not_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#\s]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    missing = [
        f"{link}#{anchor}"
        for link, anchor in links
        if anchor not in headings((page.parent / link).resolve() if link else page)
    ]
    assert missing == []

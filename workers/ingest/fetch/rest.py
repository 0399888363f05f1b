"""REST services: records of page after page, as one file of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

from jobs.errors import PermanentError
from workers.ingest.fetch import http
from workers.ingest.fetch.fetched import Allowance, Channel, Fetched, Since, lookup
from workers.ingest.spec import Pages, Source

MOST_PAGES = 100_000
"""A service that never says that a page was its last one would be read for ever."""
MOST_PAGE_BYTES = 64 * 1024 * 1024
"""A page is read into memory as a whole."""


@dataclass(frozen=True, slots=True)
class _Page:
    """An answer: ``link`` is what its header names as the next one."""

    url: str
    link: str | None
    document: Any
    size: int


def fetch(source: Source, *, folder: Path, since: Since | None, allowance: Allowance, channel: Channel) -> Fetched:
    """Write the records of all pages to a file.

    Raises:
        TransientError, PermanentError: As `workers.ingest.fetch.http.get`; or an answer is no JSON or has no records where
            ``records`` says, or the pages never end.
    """
    path = folder / "records.jsonl"
    rows = size = 0
    with path.open("w", encoding="utf-8") as file:
        for answer in _pages(source, since):
            size += answer.size
            records = _records(answer, source)
            file.writelines(f"{json.dumps(record)}\n" for record in records)
            rows += len(records)
            channel.progress(current=rows, unit="records")
            if allowance.used_up(rows):
                break
    return Fetched([str(path)], "jsonl", "none", "", size, is_empty=not rows)


def _pages(source: Source, since: Since | None) -> Iterator[_Page]:
    assert source.rest is not None
    rest = source.rest
    params: dict[str, Any] = {rest.since: _written(since.value)} if rest.since and since else {}
    pages = rest.pages
    if pages.size_parameter and pages.size:
        params[pages.size_parameter] = pages.size
    with http.session(source.http) as session:
        url, number = rest.url, 0
        params |= _first(pages)
        while True:
            answer = _page(session, url, params)
            yield answer
            number += 1
            if number == (pages.most or MOST_PAGES):
                break
            following = _following(answer, source, url=url, params=params, number=number)
            if following is None:
                return
            if following == (url, params):
                raise PermanentError(f"source.rest.pages: page {number} names itself as the next one", code="data")
            url, params = following
    if not pages.most:
        raise PermanentError(f"source.rest.pages: there are more than {MOST_PAGES} pages", code="data")


def _first(pages: Pages) -> dict[str, Any]:
    match pages.by:
        case "page":
            return {pages.parameter: pages.start}
        case "offset":
            return {pages.parameter: 0}
    return {}


def _following(
    answer: _Page, source: Source, *, url: str, params: dict[str, Any], number: int
) -> tuple[str, dict[str, Any]] | None:
    """URL and parameters of the next page; None after the last one. A link has the parameters in it already."""
    assert source.rest is not None
    pages = source.rest.pages
    match pages.by:
        case "link_header":
            return (_same_place(urljoin(answer.url, answer.link), url), {}) if answer.link else None
        case "next_link":
            link = lookup(answer.document, pages.path)
            return (_same_place(urljoin(answer.url, str(link)), url), {}) if link else None
        case "cursor":
            value = lookup(answer.document, pages.path)
            return (url, {**params, pages.parameter: value}) if value not in (None, "", False) else None
        case "page" | "offset":
            count = len(_records(answer, source))
            if not count or (pages.size and count < pages.size):
                return None
            step = pages.start + number if pages.by == "page" else params[pages.parameter] + count
            return url, {**params, pages.parameter: step}
    return None


def _same_place(link: str, url: str) -> str:
    """The headers with the credentials go with each page, so a link must not lead them elsewhere."""
    if http.leads_elsewhere(url, link):
        raise PermanentError("source.rest.pages: the next page is on another host than the first", code="data")
    return link


def _records(answer: _Page, source: Source) -> list[Any]:
    assert source.rest is not None
    found = lookup(answer.document, source.rest.records)
    if isinstance(found, dict):
        return [found]
    if isinstance(found, list):
        return found
    if found is None and source.rest.records:
        raise PermanentError(f"source.rest.records: the answer has nothing at {source.rest.records!r}", code="data")
    raise PermanentError("source.rest.records: expected a list of records there, or one record", code="data")


def _page(session: requests.Session, url: str, params: dict[str, Any]) -> _Page:
    with http.get(session, url, stream=True, **params) as answer:
        content = http.content(answer, most=MOST_PAGE_BYTES)
        return _Page(answer.url, answer.links.get("next", {}).get("url"), _parsed(answer, content), len(content))


def _parsed(answer: requests.Response, content: bytes) -> Any:
    try:
        return json.loads(content.decode(answer.encoding) if answer.encoding else content)
    except (ValueError, LookupError) as error:  # no JSON, no such text, or no such encoding
        raise PermanentError(f"{answer.url.partition('?')[0]} answered no JSON", code="data") from error


def _written(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)

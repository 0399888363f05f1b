"""Which jobs start which others when they complete: drawn, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from jobs.durations import parse_ms
from scheduler.phrases import ended_words
from scheduler.selectors.chains import ChainLink, chain_links, chain_of
from scheduler.selectors.schedule_pages import job_keys
from scheduler.states import ScheduleState
from ui.pages import WorkspacePage
from ui.scheduling.addresses import job_address
from ui.scheduling.chain_layout import NODE_HEIGHT, NODE_WIDTH, Node, layout
from ui.scheduling.editing import OFFERED_JOBS

MOST_LINKS = 500
_TONES: dict[tuple[str, ...], str] = {("succeeded",): "green", ("failed",): "red", ("cancelled",): "violet"}


@dataclass(frozen=True, slots=True)
class ShownLink:
    """A link in words. ``tone``: of its results; ``rests``: whether its schedule is paused or has ended."""

    link: ChainLink
    words: str
    delay: str
    tone: str
    path: str

    @property
    def rests(self) -> bool:
        """Drawn with gaps."""
        return self.link.state != ScheduleState.ACTIVE


@dataclass(frozen=True, slots=True)
class ShownNode:
    """A job's box; ``address`` is empty for a job that is gone."""

    node: Node
    address: str


class ChainsPage(WorkspacePage):
    """``schedules/chains/?job=``"""

    template = "ui/scheduling/chains.html"
    area = "ui:schedules"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """All chains, or that of one job."""
        found = chain_links(workspace=self.workspace, limit=MOST_LINKS + 1)
        cut, found = len(found) > MOST_LINKS, found[:MOST_LINKS]
        job = request.GET.get("job", "").strip()
        links = chain_of(found, job=job) if job else found
        drawing = layout([(link.upstream, link.job) for link in links])
        return self.page(
            tab="chains",
            links=[_shown(link, drawing.lines[place].path) for place, link in enumerate(links)],
            nodes=[self._node(node, links) for node in drawing.nodes],
            drawing=drawing,
            node_width=NODE_WIDTH,
            node_height=NODE_HEIGHT,
            job=job,
            cut=cut,
            has_any=bool(found),
            jobs=job_keys(workspace=self.workspace, limit=OFFERED_JOBS),
        )

    def _node(self, node: Node, links: Sequence[ChainLink]) -> ShownNode:
        gone = any(link.upstream == node.key and not link.exists for link in links)
        return ShownNode(node, "" if gone else job_address(self.workspace.slug, node.key))


def _shown(link: ChainLink, path: str) -> ShownLink:
    words = _(" or ").join(ended_words(result) for result in link.results)
    if link.needs_all:
        words = _("%s, and so all the others") % words
    delay = link.delay if parse_ms(link.delay) else ""
    return ShownLink(link, words, delay, _TONES.get(link.results, "blue"), path)

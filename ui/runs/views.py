"""The list of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobs.selectors.runs import list_runs
from ui.finding import NoMatch, number
from ui.listing import ListPage
from ui.runs import finding
from ui.standing import Standing


class RunList(ListPage):
    """The runs of a workspace, the newest first."""

    area = "ui:runs"
    template = "ui/runs/list.html"
    rows_template = "ui/runs/list_rows.html"
    filters = finding.FILTERS

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[Standing]:
        """In one query; in two with a job."""
        try:
            wanted, behind = finding.wanted(values), number(after)
        except NoMatch:
            return []
        runs = list_runs(workspace=self.workspace, limit=limit, after=behind, wanted=wanted)
        return [Standing(view, self.now) for view in runs]

    def cursor(self, row: Standing) -> str:
        """Its id."""
        return str(row.run.pk)

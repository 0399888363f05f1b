"""Rules and notices: list, create, read, replace, delete; what was told."""

from __future__ import annotations

from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import WorkspaceView
from jobs.api.described.operation import described
from jobs.api.origins import shown_origin
from jobs.api.pages import page
from jobs.api.preconditions import expecting
from jobs.api.reading import ReadingView
from jobs.api.runs import by_id
from jobs.selectors.jobs import find_job
from sinks.api import lists, shapes
from sinks.api.described import rules as on_rules
from sinks.api.described.shapes import Notice
from sinks.api.replacing import replacement
from sinks.models import Rule
from sinks.selectors.notices import find_rule, list_notices, list_rules
from sinks.services.naming import MUST_BE_NEW
from sinks.services.ruling import KIND, delete_rule, save_rule


@described(get=on_rules.LIST, post=on_rules.CREATE)
class RuleList(WorkspaceView):
    """``notice-rules/``"""

    listing = lists.RULES

    def get(self, request: Request, workspace: str) -> Response:
        """The workspace's rules by name."""
        asked = self.listing.asked(request)
        return asked.answer(list_rules(workspace=self.workspace, wanted=asked.wanted), show=shapes.rule_json)

    def post(self, request: Request, workspace: str) -> Response:
        """Create a rule; 409 when there is one of its name."""
        rule = save_rule(
            workspace=self.workspace, document=request.data, actor=self.actor, expected_version=MUST_BE_NEW
        )
        response = _shown(rule, status.HTTP_201_CREATED)
        response["Location"] = request.build_absolute_uri(reverse("notice-rule", args=[workspace, rule.name]))
        return response


@described(get=on_rules.GET, put=on_rules.REPLACE, delete=on_rules.DELETE)
class RuleDetail(WorkspaceView):
    """``notice-rules/{name}/``"""

    def get(self, request: Request, workspace: str, name: str) -> Response:
        """The rule."""
        return _shown(find_rule(workspace=self.workspace, name=name))

    def put(self, request: Request, workspace: str, name: str) -> Response:
        """Replace a rule that there is, if it still has the version of If-Match (412) or of the body (409)."""
        rule = find_rule(workspace=self.workspace, name=name)
        document, version = replacement(request.data, what="rule", present=rule, read_only=shapes.READ_ONLY_OF_RULES)
        with expecting(request, what=f"the rule {rule.name}", version=rule.version, written=version) as expected:
            saved = save_rule(workspace=self.workspace, document=document, actor=self.actor, expected_version=expected)
        return _shown(saved)

    def delete(self, request: Request, workspace: str, name: str) -> Response:
        """Delete a rule. What it has told stays."""
        rule = find_rule(workspace=self.workspace, name=name)
        with expecting(request, what=f"the rule {rule.name}", version=rule.version) as expected:
            delete_rule(rule=rule, actor=self.actor, expected_version=expected)
        return Response(status=status.HTTP_204_NO_CONTENT)


@described(get=on_rules.LIST_NOTICES)
class NoticeList(ReadingView):
    """``notices/``"""

    parameters = ("rule", "job", "run", "event", "since", "until", "order")
    paged = True
    shown = tuple(Notice.model_fields)

    def get(self, request: Request, workspace: str) -> Response:
        """What was told, is to be, or was kept back, the newest first; by ``rule``, ``job`` and ``run``."""
        query = self.query
        rule, job = query.text("rule"), query.text("job")
        found = list_notices(
            workspace=self.workspace,
            limit=query.limit + 1,
            rule=None if rule is None else find_rule(workspace=self.workspace, name=rule),
            job_id=None if job is None else find_job(workspace=self.workspace, key=job).pk,
            run_id=query.number("run", least=1),
            event=query.text("event"),
            since=query.instant("since"),
            until=query.instant("until"),
            after=query.number("after"),
            ordering=by_id(query, usual="-id"),
        )
        return page(request, found, limit=query.limit, cursor=lambda view: view.notice.pk, show=shapes.notice_json)


def _shown(rule: Rule, code: int = status.HTTP_200_OK) -> Response:
    answer = shapes.rule_json(rule) | {"origin": shown_origin(rule.workspace_id, KIND, rule.name)}
    return Response(answer, status=code, headers={"ETag": f'"{rule.version}"'})

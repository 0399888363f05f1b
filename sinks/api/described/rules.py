"""The operations on notice rules and notices."""

from __future__ import annotations

from jobs.api.described.operation import Answer, Operation, instant, ordered, pages, text, whole
from jobs.api.described.parts import if_match
from jobs.api.described.shape import page_of
from sinks.api.described.bodies import RuleReplacement
from sinks.api.described.shapes import ListedRule, Notice, Rule
from sinks.rules import RuleDocument

TAG = "Notices"
PATH = {"name": "on-call"}
IF_MATCH = if_match("the rule")
_RULE = Answer(says="The rule.", shape=Rule, headers=("ETag",))
CHANGED = {412: "`If-Match` names another version of the rule."}
_WRITTEN = {"sink": "journal", "events": ["failed", "recovered"], "jobs": {"tags": ["shop"]}, "in_a_row": 2}

LIST = Operation(
    id="listNoticeRules",
    tag=TAG,
    summary="List notice rules",
    answers={200: Answer(says="The workspace's rules by name.", shape=page_of(ListedRule))},
)
CREATE = Operation(
    id="createNoticeRule",
    tag=TAG,
    summary="Create a notice rule",
    says="Say of what, and of which jobs, somebody is told, and through which sink.",
    body=RuleDocument,
    example=_WRITTEN | {"name": "by-day"},
    answers={
        201: Answer(
            says="The rule.", shape=Rule, headers=("ETag", "Location"), example=Rule.EXAMPLE | {"name": "by-day"}
        )
    },
    problems={409: "There is a rule of this name."},
)
GET = Operation(id="getNoticeRule", tag=TAG, summary="Read a notice rule", answers={200: _RULE}, path=PATH)
REPLACE = Operation(
    id="replaceNoticeRule",
    tag=TAG,
    summary="Replace a notice rule",
    says="Replace the whole document. The body may be the answer to a GET, edited.",
    parameters=(IF_MATCH,),
    body=RuleReplacement,
    example=_WRITTEN,
    answers={200: _RULE},
    path=PATH,
    problems={409: "The rule has another version than the body names."} | CHANGED,
)
DELETE = Operation(
    id="deleteNoticeRule",
    tag=TAG,
    summary="Delete a notice rule",
    says="Delete a rule. What it has told stays.",
    parameters=(IF_MATCH,),
    answers={204: Answer(says="It is gone.")},
    path=PATH,
    problems={409: "Somebody else changed the rule meanwhile."} | CHANGED,
)
LIST_NOTICES = Operation(
    id="listNotices",
    tag=TAG,
    summary="List notices",
    says="What was told, is to be told, or was kept back.",
    parameters=(
        text("rule", "Only notices of the rule of this name.", example="on-call"),
        text("job", "Only notices about the job of this key."),
        whole("run", "Only notices about the run of this id.", least=1),
        text("event", "Only notices of this, such as `run.failed`."),
        instant("since", "Only notices made from this instant on."),
        instant("until", "Only notices made before this instant."),
        ordered("-id"),
        *pages("The id"),
    ),
    answers={200: Answer(says="The notices, the newest first.", shape=page_of(Notice))},
)

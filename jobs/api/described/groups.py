"""The operations on concurrency groups."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import ConfigDict, Field

from jobs.api.described.bodies import EXPECTED, READ_ONLY
from jobs.api.described.operation import Answer, Operation
from jobs.api.described.parts import if_match
from jobs.api.described.shape import page_of
from jobs.api.described.shapes import Group, GroupDetail
from jobs.documents import GroupName
from jobs.services.groups import GroupDocument

JSON = Any
TAG = "Concurrency groups"


class GroupReplacement(GroupDocument):
    """A group's limits; or a GET's answer, edited."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: GroupName = Field(default="", description="May be left out; as in the address.")
    version: int | None = Field(default=None, ge=1, lt=2**31, description="The version that the writer saw.")
    expected_updated_at: dt.datetime | None = EXPECTED
    updated_at: JSON = Field(default=None, description=READ_ONLY)
    jobs: JSON = Field(default=None, description=READ_ONLY)
    taken: JSON = Field(default=None, description=READ_ONLY)
    origin: JSON = Field(default=None, description=READ_ONLY)


_GROUP = Answer(says="The group, and what uses it.", shape=GroupDetail, headers=("ETag",))
_IF_MATCH = if_match("the group")
_CHANGED = {412: "`If-Match` names another version of the group."}


LIST = Operation(
    id="listGroups",
    tag=TAG,
    summary="List concurrency groups",
    answers={200: Answer(says="The groups by name.", shape=page_of(Group))},
)
CREATE = Operation(
    id="createGroup",
    tag=TAG,
    summary="Create a concurrency group",
    says="A limit that jobs of the workspace share: they name it as `concurrency_group` in their configuration.",
    body=GroupDocument,
    example={"name": "shop.example.com", "limit": 5, "rate": {"count": 100, "period": "1m"}},
    answers={
        201: Answer(
            says="The group.",
            shape=GroupDetail,
            headers=("ETag", "Location"),
            example=GroupDetail.EXAMPLE | {"name": "shop.example.com"},
        )
    },
    problems={409: "There is a group of this name."},
)
GET = Operation(
    id="getGroup",
    tag=TAG,
    summary="Read a concurrency group",
    answers={200: _GROUP},
)
REPLACE = Operation(
    id="replaceGroup",
    tag=TAG,
    summary="Replace the limits of a concurrency group",
    says="Runs at work heed the new limits with their next payloads.",
    parameters=(_IF_MATCH,),
    body=GroupReplacement,
    example={"limit": 5, "rate": {"count": 100, "period": "1m"}},
    answers={200: _GROUP},
    problems={409: "The group has another version than the body names."} | _CHANGED,
)
DELETE = Operation(
    id="deleteGroup",
    tag=TAG,
    summary="Delete a concurrency group",
    parameters=(_IF_MATCH,),
    answers={204: Answer(says="It is gone.")},
    problems={409: "Jobs name it, or active runs count against it."} | _CHANGED,
)

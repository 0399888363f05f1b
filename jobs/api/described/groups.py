"""The operations on concurrency groups."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from jobs.api.described.operation import Answer, Operation, pages
from jobs.api.described.shape import page_of
from jobs.api.described.shapes import Group
from jobs.documents import GroupName
from jobs.services.groups import GroupDocument

TAG = "Concurrency groups"


class GroupReplacement(GroupDocument):
    """A group's limits; or a GET's answer, edited."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: GroupName = Field(default="", description="May be left out; as in the address.")
    jobs: int | None = None
    """Read only: left aside."""
    taken: int | None = None
    """Read only: left aside."""


LIST = Operation(
    id="listGroups",
    tag=TAG,
    summary="List concurrency groups",
    parameters=pages("The name", type="string"),
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
            shape=Group,
            headers=("Location",),
            example=Group.EXAMPLE | {"name": "shop.example.com"},
        )
    },
    problems={409: "There is a group of this name."},
)
GET = Operation(
    id="getGroup",
    tag=TAG,
    summary="Read a concurrency group",
    answers={200: Answer(says="The group, and what uses it.", shape=Group)},
)
REPLACE = Operation(
    id="replaceGroup",
    tag=TAG,
    summary="Replace the limits of a concurrency group",
    says="Runs at work heed the new limits with their next payloads.",
    body=GroupReplacement,
    example={"limit": 5, "rate": {"count": 100, "period": "1m"}},
    answers={200: Answer(says="The group.", shape=Group)},
)
DELETE = Operation(
    id="deleteGroup",
    tag=TAG,
    summary="Delete a concurrency group",
    answers={204: Answer(says="It is gone.")},
    problems={409: "Jobs name it, or active runs count against it."},
)

"""The shapes of workspaces, their people, tokens and secrets, as `jobs.api.access_shapes` makes them."""

from __future__ import annotations

import datetime as dt

from jobs.api.described.shape import Shape
from jobs.api.described.shapes import CREATED
from jobs.models import Role, Scope


class Workspace(Shape):
    """A workspace, and the caller's role in it."""

    slug: str
    """Its name in addresses; it stays."""
    name: str
    """What it is called."""
    role: Role
    """The caller's."""
    created_at: dt.datetime

    EXAMPLE = {"slug": "demo", "name": "Demo", "role": "owner", "created_at": CREATED}


class Member(Shape):
    """A person in a workspace."""

    username: str
    role: Role
    active: bool
    """False for somebody who may not log in."""

    EXAMPLE = {"username": "bob", "role": "viewer", "active": True}


class ServiceAccount(Shape):
    """A user for programs, which belongs to the workspace."""

    name: str
    username: str
    """As the event log and the audit name it."""
    role: Role | None
    description: str
    created_at: dt.datetime
    created_by: str

    EXAMPLE = {
        "name": "ci",
        "username": "ci@demo.service",
        "role": "operator",
        "description": "Deploys the shop",
        "created_at": CREATED,
        "created_by": "ann",
    }


class Token(Shape):
    """A token, without itself: nobody has it but who made it."""

    id: int
    name: str
    """What it is for."""
    username: str
    """Whose rights it carries."""
    workspace: str | None
    """The slug of the only workspace that it opens; null for all of its user's."""
    scopes: list[Scope]
    """What it opens of what its user may do; no scope includes another, but `admin` all of them."""
    created_at: dt.datetime
    created_by: str
    expires_at: dt.datetime | None
    last_used_at: dt.datetime | None
    """To the minute."""

    EXAMPLE = {
        "id": 21,
        "name": "laptop",
        "username": "ann",
        "workspace": None,
        "scopes": ["jobs:read", "jobs:run"],
        "created_at": CREATED,
        "created_by": "ann",
        "expires_at": None,
        "last_used_at": None,
    }


class NewToken(Token):
    """A token that was made just now."""

    token: str
    """The token itself. It is shown this once."""

    EXAMPLE = Token.EXAMPLE | {"token": "jobs_TWFueSBhIG1pY2tsZSBtYWtlcyBhIG11Y2tsZS4"}


class Secret(Shape):
    """A secret's name, and who changed it when. What is in it is shown to nobody."""

    name: str
    created_at: dt.datetime
    updated_at: dt.datetime
    updated_by: str

    EXAMPLE = {"name": "WAREHOUSE", "created_at": CREATED, "updated_at": CREATED, "updated_by": "ann"}

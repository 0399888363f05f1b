"""What stands in the side navigation and in the command palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from jobs.models import Role


class Entry(NamedTuple):
    """A page of the navigation.

    Args:
        name: Of its address, and what a page gives as its ``area`` to be shown as the present one.
        word: What it is called.
        icon: Its sign.
        role: Who finds it there.
        in_workspace: Whether its address has a workspace.
    """

    name: str
    word: object
    icon: str
    role: Role = Role.VIEWER
    in_workspace: bool = True


class Group(NamedTuple):
    """Entries under one heading; the first group has none."""

    word: object
    entries: tuple[Entry, ...]


GROUPS = (
    Group(
        "",
        (
            Entry("ui:dashboard", _("Dashboard"), "home"),
            Entry("ui:jobs", _("Jobs"), "box"),
            Entry("ui:datasources", _("Datasources"), "database"),
            Entry("ui:schedules", _("Scheduler"), "calendar"),
            Entry("ui:runs", _("Runs"), "play"),
        ),
    ),
    Group(
        _("Results"),
        (
            Entry("ui:sinks", _("Sinks"), "send"),
            Entry("ui:deliveries", _("Deliveries"), "forward"),
            Entry("ui:notifications", _("Notifications"), "bell"),
        ),
    ),
    Group(
        _("Workspace"),
        (
            Entry("ui:workers", _("Workers"), "server"),
            Entry("ui:secrets", _("Secrets"), "lock", Role.OWNER),
            Entry("ui:members", _("Members"), "people", Role.OWNER),
            Entry("ui:tokens", _("Tokens"), "key"),
            Entry("ui:audit", _("Audit"), "list", Role.OWNER),
            Entry("ui:workspaces", _("Workspaces"), "archive", in_workspace=False),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry for somebody, in a workspace."""

    name: str
    word: object
    icon: str
    address: str


@dataclass(frozen=True, slots=True)
class Section:
    """A group for somebody. Not called by its items, as a template would take that for a dictionary's."""

    word: object
    links: list[Link]


def sections(*, slug: str | None, role: Role | None) -> list[Section]:
    """What somebody with that role in that workspace finds; without a workspace only what needs none."""
    found = []
    for group in GROUPS:
        links = [link for entry in group.entries if (link := _link(entry, slug, role))]
        if links:
            found.append(Section(group.word, links))
    return found


def _link(entry: Entry, slug: str | None, role: Role | None) -> Link | None:
    if entry.in_workspace and (slug is None or role is None or role.rank < entry.role.rank):
        return None
    address = _address(entry, slug)
    return None if address is None else Link(entry.name, entry.word, entry.icon, address)


def _address(entry: Entry, slug: str | None) -> str | None:
    """None for a page that there is not."""
    try:
        return reverse(entry.name, args=[slug] if entry.in_workspace else [])
    except NoReverseMatch:
        return None

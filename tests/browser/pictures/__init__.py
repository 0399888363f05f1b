"""What `make screenshots` takes pictures of, and `test_pictures` looks at: each area declares its own in a module here."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from playwright.sync_api import Page

from jobs.models import Role, Workspace


def _nothing(workspace: Workspace) -> None:
    """For a page that shows nothing that is to be made."""


@dataclass(frozen=True)
class Picture:
    """A page to be looked at.

    Args:
        name: Of its files: ``docs/images/<name>-light.png``, ``-dark.png``, ``-phone.png``.
        path: Below ``/ui/w/acme/``; another address when it begins with a slash.
        prepare: Makes what is to be seen in the workspace acme; may return the path, where it holds an id.
        act: What is done on the page before: a dialog is opened, say.
        role: Who looks.
        staff: Whether they may enter the administration.
        root: Whether they are a superuser.
    """

    name: str
    path: str = ""
    prepare: Callable[[Workspace], str | None] = _nothing
    act: Callable[[Page], None] | None = None
    role: Role = Role.OWNER
    staff: bool = False
    root: bool = False

    def __str__(self) -> str:
        return self.name


def all_pictures() -> list[Picture]:
    """The ``PICTURES`` of every module here."""
    modules = [import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__)]
    return [picture for module in modules for picture in module.PICTURES]

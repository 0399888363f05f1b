"""Every page that an area has declared: it has nothing that axe finds fault with, fits the window, asks no other host, and its
console is calm; in light and dark, on a desktop and a phone. With PICTURES_TO its pictures are written there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

from jobs.models import Workspace
from tests.browser.conftest import AsRole
from tests.browser.pictures import Picture, all_pictures
from tests.browser.visiting import DESKTOP, PHONE


@pytest.mark.parametrize("picture", all_pictures(), ids=str)
def test_a_page_is_in_order(picture: Picture, as_role: AsRole, workspace: Workspace) -> None:
    path = picture.prepare(workspace) or picture.path
    visit = as_role(picture.role, name="ada", is_staff=picture.staff, is_superuser=picture.root)
    page = visit.go(path if path.startswith("/") else f"/ui/w/acme/{path}")
    if picture.act:
        picture.act(page)
    if folder := os.environ.get("PICTURES_TO"):
        take(page, Path(folder), picture.name)
    visit.look()


def take(page: Page, folder: Path, name: str) -> None:
    """Write its pictures."""
    for suffix, scheme, size in (("light", "light", DESKTOP), ("dark", "dark", DESKTOP), ("phone", "light", PHONE)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.screenshot(path=folder / f"{name}-{suffix}.png", full_page=True, animations="disabled")

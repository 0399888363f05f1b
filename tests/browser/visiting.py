"""Somebody at a browser: where they go, what they see, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LOOKS = (("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE))
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
_TOO_WIDE = """[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1
    && !e.closest('.table, pre, .tabs, [hidden], .skip')).slice(0, 5).map(e => e.outerHTML.slice(0, 120))"""


@dataclass
class Visit:
    """A browser of one person. Addresses begin with a slash."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    """What the console has said in anger, and which other hosts were asked for something."""

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", self._see)

    def go(self, path: str) -> Page:
        """Open a page, and wait until it is there."""
        answer = self.page.goto(self.base + path)
        assert answer is not None
        assert answer.status < 400, f"{path}: {answer.status}"
        return self.page

    def look(self) -> None:
        """Fail for whatever is wrong with the present page: in light and dark, on a desktop and a phone."""
        for scheme, size in LOOKS:
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            self._look(f"{scheme}, {size['width']} wide")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        self.assert_calm()

    def assert_calm(self) -> None:
        """Nothing was said in anger, and no other host was asked for anything, since the visit began."""
        assert self.complaints == []

    def expect_complaint(self, words: str) -> None:
        """One was expected: forget it."""
        fitting = [each for each in self.complaints if words in each]
        assert fitting, self.complaints
        self.complaints = [each for each in self.complaints if words not in each]

    def _look(self, circumstances: str) -> None:
        broken = Axe().run(self.page, options={"runOnly": _RULES})
        assert broken.violations_count == 0, f"{circumstances}:\n{broken.generate_report()}"
        full, seen = self.page.evaluate(_WIDTHS)
        assert full <= seen, f"{circumstances}: {full} wide on {seen}: {self.page.evaluate(_TOO_WIDE)}"

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _see(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.complaints.append(f"asked another host: {request.url}")


@contextmanager
def visit(browser: Browser, *, base: str, cookies: dict[str, str], **options: Any) -> Iterator[Visit]:
    """A browser of its own, with these cookies."""
    context = browser.new_context(viewport=DESKTOP, locale="en-GB", timezone_id="Europe/Berlin", **options)  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    context.add_cookies([{"name": name, "value": value, "url": base} for name, value in cookies.items()])
    try:
        yield Visit(context.new_page(), base)
    finally:
        context.close()

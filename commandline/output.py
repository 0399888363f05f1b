"""Where a command's answer goes: as text, as JSON, or nowhere but for what a script needs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

from commandline.tables import Column, cell, render
from commandline.terminal import Screen, plain


class Form(Enum):
    """How the answer is shown."""

    TEXT = "text"
    JSON = "json"
    """One document, as the API answered; a line each where it is a stream."""

    QUIET = "quiet"
    """The names or ids alone."""


class Output:
    """Standard output for answers, standard error for what is said beside them."""

    def __init__(self, form: Form, *, environment: Mapping[str, str]) -> None:
        self.form = form
        self.out = Screen(sys.stdout, environment=environment)
        self.err = Screen(sys.stderr, environment=environment)

    def answer(self, document: object, *, text: Callable[[], object], quiet: object = None) -> None:
        """Show an answer.

        Args:
            document: As the API gave it, for JSON.
            text: Writes it for people.
            quiet: What remains of it for `Form.QUIET`: an id or a name; nothing for None.
        """
        if self.form is Form.JSON:
            self.json(document)
        elif self.form is Form.TEXT:
            text()
        elif quiet is not None:
            self.line(str(quiet))

    def listing(
        self, page: dict[str, Any], columns: Sequence[Column], *, name: Callable[[dict[str, Any]], object]
    ) -> None:
        """Show a list. ``name`` says which entry it is; that is what quiet leaves of each."""
        if self.form is Form.JSON:
            self.json(page)
            return
        if self.form is Form.QUIET:
            for entry in page["results"]:
                self.line(str(name(entry)))
            return
        for line in render(columns, page["results"], screen=self.out):
            self.out.write(f"{line}\n")
        if page.get("next"):
            self.note("there are more: --limit shows more of them")

    def details(self, pairs: Sequence[tuple[str, object]]) -> None:
        """Names and values, one a line; what has no value is left out."""
        shown = [(name, cell(value)) for name, value in pairs if value not in (None, "")]
        longest = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            self.out.write(f"{name:<{longest}}  {self.out.paint(value)}\n")

    def json(self, document: object) -> None:
        """One line of JSON. ASCII alone, so that no locale can spoil it."""
        self.out.write(json.dumps(document) + "\n")

    def line(self, text: str) -> None:
        """A line of the answer."""
        self.out.write(plain(text) + "\n")

    def note(self, text: str) -> None:
        """What is said beside the answer, on standard error; not when quiet."""
        if self.form is not Form.QUIET:
            self.err.write(plain(text) + "\n")

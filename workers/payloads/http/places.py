"""Where in an answer a value lies: at a JSON path, in a header, or where a regular expression finds it in the body."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints, model_validator

from jobs.documents import Strict
from workers.masking import Masker
from workers.payloads.http.patterns import PatternError, check_path, check_pattern, find_path, find_pattern
from workers.payloads.http.received import decode, parse_json

JsonPath = Annotated[str, AfterValidator(check_path)]
Pattern = Annotated[str, AfterValidator(check_pattern)]


class Place(Strict):
    """One of the three; the body's text when none is given."""

    json_path: JsonPath | None = None
    header: Annotated[str, StringConstraints(min_length=1, max_length=200, to_lower=True)] | None = None
    pattern: Pattern | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Place:
        if sum(value is not None for value in (self.json_path, self.header, self.pattern)) > 1:
            raise ValueError("give one of json_path, header, pattern: where the value lies")
        return self

    @property
    def words(self) -> str:
        """The place in words, for messages."""
        if self.json_path is not None:
            return self.json_path
        if self.header is not None:
            return f"header {self.header}"
        return "the body" if self.pattern is None else f"what {self.pattern!r} finds"


@dataclass(frozen=True)
class Reading:
    """An answer as it is read for checks and extraction: without secrets, so that none can be cut out of it.

    Args:
        headers: Names in lower case.
        kept: The body's bytes, as far as they were kept.
        truncated: Whether there was more.
        masker: Takes the secrets out.
    """

    headers: Mapping[str, str]
    kept: bytes
    truncated: bool
    masker: Masker

    def find(self, place: Place) -> list[Any]:
        """The values at a place; none when there are none.

        Raises:
            PatternError: The answer cannot be read in this way: it is no JSON, or was not kept whole.
        """
        if place.header is not None:
            return [self.masker.text(self.headers[place.header])] if place.header in self.headers else []
        if place.json_path is not None:
            return find_path(place.json_path, self.data)
        return [self.text] if place.pattern is None else find_pattern(place.pattern, self.text)

    @functools.cached_property
    def text(self) -> str:
        """The body as text."""
        text = decode(self.kept, self.headers.get("content-type", ""))
        return self.masker.cut_text(text) if self.truncated else self.masker.text(text)

    @functools.cached_property
    def data(self) -> Any:
        """The body as JSON, whatever it says that it is."""
        if self.truncated:
            raise PatternError("the body is longer than max_response_bytes, and was not kept whole")
        try:
            return self.masker.data(parse_json(decode(self.kept, self.headers.get("content-type", ""))))
        except ValueError as error:
            raise PatternError(f"the body is no JSON that can be read: {error}") from error

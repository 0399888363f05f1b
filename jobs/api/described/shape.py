"""Shapes of answers: what they hold, in words, and an example of each."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from jobs.documents import Strict

NAMED = "x-shape"
"""Stands in a schema for a component that is put together when the document is: payloads by their kinds, say."""


class Shape(BaseModel):
    """The base of what is answered. The docstrings below its attributes become their descriptions.

    ``EXAMPLE`` is one as the API answers it: a test holds it against the shape, and the API's answer against both.
    """

    model_config = ConfigDict(use_attribute_docstrings=True)

    EXAMPLE: ClassVar[Any] = None


class Body(Strict):
    """The base of what is sent where no document says it already. As strict as what reads it."""

    model_config = ConfigDict(use_attribute_docstrings=True)


def named(name: str) -> Any:
    """The type of a field whose schema is the component of that name."""
    return Annotated[Any, WithJsonSchema({NAMED: name})]


def page_of(shape: type[Shape]) -> type[Shape]:
    """The shape of a page of these, with an example of one entry."""
    page = create_model(
        f"{shape.__name__}Page",
        __base__=Shape,
        __doc__="A page of a list.",
        results=(list[shape], Field(description="The entries.")),  # type: ignore[valid-type]
        next=(str | None, Field(description="The address of the next page; null on the last one.")),
    )
    page.EXAMPLE = {"results": [shape.EXAMPLE], "next": None}
    return page

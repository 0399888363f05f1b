"""Values that are one of several models, as their ``type`` says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

import pydantic
from pydantic import BaseModel
from pydantic_core import InitErrorDetails, PydanticCustomError


def by_type(models: Callable[[], Any]) -> Callable[[Any], Any]:
    """A validator that reads a mapping by the model for its ``type``.

    Pydantic's own unions put the type's name into the path of an error, where no reader of a document would look for it.

    Args:
        models: The union of the models, asked for when the first value comes, so that they may contain each other.
    """

    def read(value: Any) -> Any:
        known = {get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(models())}
        if isinstance(value, tuple(known.values())):
            return value
        if not isinstance(value, Mapping):
            raise PydanticCustomError("union", "expected an object with a type")
        model: type[BaseModel] | None = known.get(value.get("type"))
        if model is None:
            given = value.get("type")
            raise at_field("type", "this field is required" if given is None else f"expected one of {', '.join(known)}")
        return model.model_validate(value)

    return read


def at_field(name: str, message: str) -> pydantic.ValidationError:
    """An error at one field, for a validator that looks at several."""
    details = InitErrorDetails(type=PydanticCustomError("refused", message), loc=(name,), input=None)
    return pydantic.ValidationError.from_exception_data("refused", [details])

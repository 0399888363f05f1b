"""What a person may say when a datasource is validated, previewed, emptied or reset."""

from __future__ import annotations

from typing import Any, TypeVar

import pydantic
from pydantic import BaseModel, Field

from jobs import kinds
from jobs.documents.basis import Strict, field_errors, refuse, validated
from jobs.errors import FieldError

KIND = "datasource"
MAX_PREVIEW_ROWS = 100

M = TypeVar("M", bound=BaseModel)


class SavedRequest(Strict):
    """About a datasource that is saved.

    Args:
        payload: Which of its list, 0 for the first; needed when there are several.
    """

    payload: int | None = Field(default=None, ge=0, strict=True)


class SavedPreview(SavedRequest):
    """What to show of a datasource that is saved.

    Args:
        payload: Which of its list, 0 for the first; needed when there are several.
        rows: How many rows.
    """

    rows: int = Field(default=10, ge=1, le=MAX_PREVIEW_ROWS, strict=True)


class UnsavedValidation(Strict):
    """Parameters to look at. Without ``verify_access`` neither the source nor the destination is touched."""

    parameters: dict[str, Any]
    verify_access: bool = Field(default=True, strict=True)


class UnsavedPreview(Strict):
    """Parameters whose source is to be shown."""

    parameters: dict[str, Any]
    rows: int = Field(default=10, ge=1, le=MAX_PREVIEW_ROWS, strict=True)


def stream_of(*, name: str, position: int) -> str:
    """What the state of a payload is kept under: its name, so that the list's order may change; its place when it has none."""
    return name or f"payload {position}"


def parse_about(model: type[M], data: object) -> M:
    """Validate what is said. Raises ValidationError as `parse_job` does."""
    return validated(model, data, f"expected an object with {', '.join(model.model_fields)}")


def parameter_errors(parameters: object) -> list[FieldError]:
    """What is wrong with the parameters of a datasource payload; nothing was looked up, opened or connected to."""
    kind = kinds.get(KIND)
    assert kind is not None, "the datasource kind is registered when Django starts"
    try:
        kind.parameters.model_validate(parameters)
    except pydantic.ValidationError as error:
        return field_errors(error, "parameters", model=kind.parameters)
    return []


def check_parameters(parameters: object) -> None:
    """Raise ValidationError with what `parameter_errors` finds."""
    refuse(parameter_errors(parameters))

"""Datasets: what a person writes, checked on its own. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from jobs.documents import Strict
from workers.generate.fields import IDENTIFIER, AnyField, ExpressionField, ReferenceField, distinct
from workers.generate.locales import locales
from workers.generate.widths import width

MAX_FIELDS = 500
DEFAULT_LOCALE = "en"
DatasetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]{0,99}$")]


BLOCK = 1000
MAX_RECORD_CHARACTERS = 1_000_000
MAX_BLOCK_CHARACTERS = 50_000_000
"""Where records are so large that `BLOCK` of them would have more, fewer are made at once."""


class Dataset(Strict):
    """Ordered fields, and how much of what they make may be missing or double.

    ``null_percent``: how likely a value of a nullable field is null. ``allow_duplicates`` false: no two records are the same
    as a whole. ``duplicates_percent``: the share of records that may break that, or the uniqueness of a field. ``retries``: how
    often a value that is there already is made anew, before it counts as a duplicate.
    """

    name: DatasetName
    description: str = Field(default="", max_length=2000)
    locale: str = DEFAULT_LOCALE
    null_percent: float = Field(default=0, ge=0, le=100)
    allow_duplicates: bool = True
    duplicates_percent: float = Field(default=0, ge=0, le=100)
    retries: int = Field(default=10, ge=0, le=1000)
    records: int | None = Field(default=None, ge=1, le=10**9)
    fields: list[AnyField] = Field(min_length=1, max_length=MAX_FIELDS)

    @field_validator("locale")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != DEFAULT_LOCALE and value not in locales():
            raise ValueError(f"expected one of {', '.join(locales())}")
        return value

    @field_validator("fields")
    @classmethod
    def _fit_together(cls, value: list[AnyField]) -> list[AnyField]:
        if sum(field.primary_key for field in value) > 1:
            raise ValueError("a dataset has one primary key at most")
        for field in value:
            if isinstance(field, ExpressionField) and not IDENTIFIER.fullmatch(field.name):
                raise ValueError(f"{field.name!r} is computed, so its name must be letters, digits and underscores")
        return distinct(value)

    @field_validator("fields")
    @classmethod
    def _fit_into_memory(cls, value: list[AnyField]) -> list[AnyField]:
        if (characters := sum(width(field) for field in value)) > MAX_RECORD_CHARACTERS:
            raise ValueError(
                f"one record could have {characters:,} characters, and may have {MAX_RECORD_CHARACTERS:,}: shorter texts, fewer"
                " elements, or fewer fields"
            )
        return value

    @property
    def block(self) -> int:
        """How many records are made at once. A part of what a seed means: with another number the same seed makes other data."""
        return min(BLOCK, max(1, MAX_BLOCK_CHARACTERS // max(1, sum(width(field) for field in self.fields))))

    @property
    def primary_key(self) -> AnyField | None:
        """The field that other datasets may refer to."""
        return next((field for field in self.fields if field.primary_key), None)

    @property
    def references(self) -> list[ReferenceField]:
        """Its fields that take their values from other datasets."""
        return [field for field in self.fields if isinstance(field, ReferenceField)]


class Datasets(Strict):
    """The datasets of one job; those of others cannot be referred to.

    Args:
        datasets: ``[{"name": "people", "fields": [{"name": "id", "type": "sequence"}, {"name": "name", "type": "person"}]}]``.
    """

    datasets: list[Dataset] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _refer_to_keys(self) -> Datasets:
        named = {dataset.name: dataset for dataset in self.datasets}
        if len(named) < len(self.datasets):
            raise ValueError("two datasets have the same name")
        for dataset in self.datasets:
            for field in dataset.references:
                _check_reference(dataset, field, named)
        in_order(self.datasets)
        return self


def in_order(datasets: Sequence[Dataset]) -> list[Dataset]:
    """Those that are referred to before those that refer to them, otherwise as they came.

    Raises:
        ValueError: They refer to each other in a circle; names those in it.
    """
    named = {dataset.name: dataset for dataset in datasets}
    sorter = TopologicalSorter({dataset.name: [field.dataset for field in dataset.references] for dataset in datasets})
    try:
        return [named[name] for name in sorter.static_order()]
    except CycleError as error:
        raise ValueError(f"datasets refer to each other in a circle: {' -> '.join(reversed(error.args[1]))}") from error


def _check_reference(dataset: Dataset, field: ReferenceField, named: dict[str, Any]) -> None:
    where = f"{dataset.name}.{field.name}"
    target = named.get(field.dataset)
    if target is None:
        raise ValueError(
            f"{where} refers to {field.dataset!r}, which is no dataset of this job; there are {', '.join(named)}"
        )
    if target.primary_key is None:
        raise ValueError(f"{where} refers to {field.dataset!r}, none of whose fields is its primary_key")

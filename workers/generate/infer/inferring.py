"""From records to a dataset."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from jobs.errors import PermanentError
from workers.generate.infer.by_name import field_by_name
from workers.generate.infer.by_value import field_by_values
from workers.generate.infer.reading import Record
from workers.generate.spec import Dataset

MOST_COLUMNS = 500
_NULLS = ("", None)
_PRIMARY = re.compile(r"(?:^|_)(?:id|key|number|no)$")


def infer_dataset(
    *, records: Sequence[Record], name: str = "sample", locale: str = "en", until: float | None = None
) -> dict[str, Any]:
    """Make a dataset that makes records like these.

    What a field is called says first what it is (``e_mail``, ``postcode``); where that says nothing, its values do. The result is a
    proposal: read it before you use it.

    Args:
        records: At least one; names to values.
        name: The dataset's.
        locale: Of what it will make.
        until: When to give up, of the clock that never goes back; None for never.

    Returns:
        The document of a valid `Dataset`.

    Raises:
        PermanentError: It has more than `MOST_COLUMNS` columns, or takes too long.
    """
    names = dict.fromkeys(column for record in records for column in record)
    if len(names) > MOST_COLUMNS:
        raise PermanentError(f"it has {len(names):,} columns, and {MOST_COLUMNS} are the most", code="too_large")
    columns: dict[str, list[Any]] = {}
    fields = []
    for column in names:
        if until is not None and time.monotonic() > until:
            raise PermanentError("it takes too long: give fewer records", code="too_large")
        columns[column] = [record.get(column) for record in records]
        fields.append(_field(column, columns[column]))
    fields = _with_key(fields, columns)
    shares = [_share_of_nulls(values) for values in columns.values()]
    document: dict[str, Any] = {"name": name, "locale": locale, "fields": fields}
    if any(shares):
        document["null_percent"] = round(100 * max(shares), 1)
    Dataset.model_validate(document)
    return document


def _field(name: str, values: list[Any]) -> dict[str, Any]:
    present = [value for value in values if value not in _NULLS]
    described = (field_by_name(name, present) if _is_flat(present) else None) or field_by_values(present)
    field = {"name": name, **described}
    return field | {"nullable": True} if len(present) < len(values) else field


def _with_key(fields: list[dict[str, Any]], columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """The fields, the first of which that can be the primary key and is called so is it; whole numbers become a sequence."""
    for place, field in enumerate(fields):
        if _may_be_key(field, columns[field["name"]]):
            key = field
            if field["type"] == "integer":
                key = {"name": field["name"], "type": "sequence", "start": field["minimum"]}
            return [*fields[:place], key | {"primary_key": True}, *fields[place + 1 :]]
    return fields


def _may_be_key(field: Mapping[str, Any], values: list[Any]) -> bool:
    fits = field["type"] in ("integer", "identity") and not field.get("nullable")
    return fits and _PRIMARY.search(field["name"].lower()) is not None and len(set(map(str, values))) == len(values)


def _is_flat(values: list[Any]) -> bool:
    return not any(isinstance(value, dict | list) for value in values)


def _share_of_nulls(values: list[Any]) -> float:
    return sum(value in _NULLS for value in values) / len(values)

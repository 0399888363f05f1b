"""The schema contract: what it means that the source's columns are not the table's. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.errors import PermanentError
from workers.ingest.columns import Column


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to happen.

    Args:
        add: Columns that the table shall gain.
        discard: Columns of the source that are not loaded; nor are rows that have a value in one of them.
        told: For the result: ``added column x (bigint)``.
    """

    add: list[Column]
    discard: list[str]
    told: list[str]


def changes(
    *,
    incoming: Sequence[Column],
    types: Mapping[str, str],
    existing: Mapping[str, str] | None,
    contract: str,
    is_new: bool,
) -> Changes:
    """Compare the source's columns with the table's.

    Args:
        incoming: The source's columns.
        types: Their types in the destination's words.
        existing: The table's columns and types; None when there is no table.
        contract: ``evolve``: the table follows. ``freeze``: the load fails. ``discard_row``: what does not fit is left out.
        is_new: Whether the load makes a new table in the old one's place, which then has the source's types.

    Raises:
        PermanentError: The contract is ``freeze``, and the table would have to change. Columns that the source does not have
            are a change only for a new table.
    """
    if existing is None:
        return Changes([], [], ["made the table"])
    unknown = [column for column in incoming if column.name not in existing]
    lost = [name for name in existing if name not in types] if is_new else []
    changed = [name for name in types if is_new and name in existing and existing[name] != types[name]]
    if contract == "freeze" and (unknown or lost or changed):
        raise PermanentError(f"contract: freeze, but {_words(unknown, lost, changed)}", code="contract")
    if contract == "discard_row":
        return Changes([], [column.name for column in unknown], [])
    told = [f"added column {column.name} ({types[column.name]})" for column in unknown]
    told += [f"removed column {name}" for name in lost]
    told += [f"column {name} is {types[name]} instead of {existing[name]}" for name in changed]
    return Changes([] if is_new else unknown, [], told)


def _words(unknown: Sequence[Column], lost: Sequence[str], changed: Sequence[str]) -> str:
    parts = []
    if unknown:
        parts.append(f"the table has no column {', '.join(column.name for column in unknown)}")
    if lost:
        parts.append(f"the source has no column {', '.join(lost)}")
    if changed:
        parts.append(f"the type of {', '.join(changed)} is another")
    return "; ".join(parts)

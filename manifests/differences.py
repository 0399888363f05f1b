"""What an object says and what a file says of it, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jobs.secret_values import masked

MOST = 100
"""Of one object that are told one by one."""


class _Absent:
    """Stands for a field that is not there."""

    def __repr__(self) -> str:
        return "(none)"


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Change:
    """One field, before and after; `ABSENT` where it is not there. What looks like a secret is hidden."""

    field: str
    before: Any
    after: Any

    def to_dict(self) -> dict[str, Any]:
        """For programs: what is not there is left out."""
        known = {"before": self.before, "after": self.after}
        return {"field": self.field, **{name: value for name, value in known.items() if value is not ABSENT}}


def changes(*, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The fields that differ, in the order of ``after``, then of ``before``; at most `MOST`, and one that counts the others."""
    found = list(_differing(before, after, ""))
    told = [
        Change(each.field, _shown(each.before, each.field), _shown(each.after, each.field)) for each in found[:MOST]
    ]
    if len(found) > MOST:
        told.append(Change("", ABSENT, f"{len(found) - MOST} more fields"))
    return told


def _differing(before: Any, after: Any, path: str) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*after, *before]):
            yield from _differing(before.get(name, ABSENT), after.get(name, ABSENT), f"{path}.{name}".lstrip("."))
    elif isinstance(before, list) and isinstance(after, list) and _of_objects(before) and _of_objects(after):
        for at in range(max(len(before), len(after))):
            yield from _differing(_item(before, at), _item(after, at), f"{path}.{at}".lstrip("."))
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield Change(path, before, after)


def _item(items: list[Any], at: int) -> Any:
    return items[at] if at < len(items) else ABSENT


def _of_objects(items: list[Any]) -> bool:
    """Lists of words are told as a whole; of objects one by one."""
    return any(isinstance(item, Mapping) for item in items)


def _shown(value: Any, field: str) -> Any:
    return value if value is ABSENT else masked(value, field)

"""What a form with rows of rows sends, as a tree: ``triggers__0__expression`` is the expression of the first trigger. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SEPARATOR = "__"

Tree = dict[str, Any]
"""By name: text, a tree, or a list of either."""


def nest(flat: Iterable[tuple[str, str]]) -> Tree:
    """Make a tree of names and values. Rows stand in the order of their numbers; a gap between them closes."""
    root: Tree = {}
    for name, value in flat:
        _put(root, name.split(SEPARATOR), value)
    return {name: _with_lists(value) for name, value in root.items()}


def name_of(path: str) -> str:
    """The name of a field in the form: ``triggers.0.expression`` becomes ``triggers__0__expression``."""
    return path.replace(".", SEPARATOR)


def at(tree: Any, path: str, default: Any = "") -> Any:
    """What stands at a dotted path; the default where nothing does."""
    found = tree
    for step in path.split("."):
        found = _step(found, step)
        if found is None:
            return default
    return found


def put(tree: Tree, path: str, value: Any) -> None:
    """Set what stands at a dotted path, of names alone; what is missing on the way is made."""
    *way, last = path.split(".")
    for step in way:
        tree = tree.setdefault(step, {})
    tree[last] = value


def rows(tree: Any, name: str) -> list[Any]:
    """The rows of that name; none where there is nothing of the kind."""
    found = tree.get(name) if isinstance(tree, Mapping) else None
    return found if isinstance(found, list) else []


def add_row(tree: Tree, path: str, row: Any) -> None:
    """Append a row to the list at a dotted path, which is made if there is none."""
    *way, last = path.split(".")
    parent = at(tree, ".".join(way), None) if way else tree
    if isinstance(parent, dict):
        parent[last] = [*rows(parent, last), row]


def remove_row(tree: Tree, path: str) -> None:
    """Take out the row at a dotted path, if there is one."""
    way, _, number = path.rpartition(".")
    found = at(tree, way, None) if way else None
    if isinstance(found, list) and _is_number(number) and int(number) < len(found):
        del found[int(number)]


def _step(found: Any, step: str) -> Any:
    if isinstance(found, Mapping):
        return found.get(step)
    if isinstance(found, list) and _is_number(step) and int(step) < len(found):
        return found[int(step)]
    return None


def _put(root: Tree, steps: list[str], value: str) -> None:
    *way, last = steps
    below: Any = root
    for step in way:
        below = below.setdefault(step, {})
        if not isinstance(below, dict):
            return  # a name that is text elsewhere: no form of ours sends that
    if not isinstance(below.get(last), dict):
        below[last] = value


def _is_number(step: str) -> bool:
    """Of a row: short, for Python reads no number of thousands of digits."""
    return step.isascii() and step.isdecimal() and len(step) < 10


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    whole = {name: _with_lists(each) for name, each in value.items()}
    if all(map(_is_number, whole)):
        return [whole[name] for name in sorted(whole, key=int)]
    return whole

"""What was sent of a schedule's form: reading it, and the buttons that add and take out rows."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from ui.scheduling.documents import WAS, kind_field, kind_of, kinds_of, new_child, new_row
from ui.scheduling.form_parts import Field, Rows
from ui.scheduling.form_tree import Tree, add_row, at, nest, remove_row, rows

MOST_ROWS = 100
_LISTS = ("triggers", "exclusions")
_APART = ("csrfmiddlewaretoken", "do", "job", "version")


def tree_sent(data: QueryDict) -> Tree:
    """The tree that a form sends. A kind that was changed by its list begins anew; rows that name no job are left out."""
    tree = nest((name, str(value)) for name, value in data.items() if name not in _APART)
    for name in _LISTS:
        tree[name] = [_completed(name, row) for row in rows(tree, name)[:MOST_ROWS] if isinstance(row, dict)]
    return tree


def do(tree: Tree, order: str) -> None:
    """Do what a button asks for: ``add:triggers``, ``add:triggers:once``, ``add:triggers.0.skip``, ``remove:triggers.1``."""
    verb, _, rest = order.partition(":")
    path, _, kind = rest.partition(":")
    if verb == "remove":
        remove_row(tree, path)
    elif verb == "add" and path in _LISTS:
        add_row(tree, path, new_row(path, kind))
    elif verb == "add":
        _add_child(tree, path)


def _add_child(tree: Tree, path: str) -> None:
    way, _, list_name = path.rpartition(".")
    name = way.split(".")[0]
    row = at(tree, way, None) if name in _LISTS else None
    if not isinstance(row, dict):
        return
    group = kinds_of(name)[kind_of(name, row)]
    each = next((each for each in group.lists if each.name == list_name), None)
    if each is not None:
        add_row(tree, path, new_child(each))


def _completed(name: str, row: Tree) -> Tree:
    """With what its kind begins with, where a field is not there at all: then its kind has just been chosen."""
    kind = kind_of(name, row)
    group = kinds_of(name)[kind]
    lists = {each.name: each for each in group.lists}
    begun = new_row(name, kind)
    said = {own for own in (*begun, *lists) if own in row and own not in (kind_field(name), "enabled")}
    whole = begun | {own: row[own] for own in said} | {kind_field(name): kind}
    if said:
        whole |= {own: rows(row, own) for own in lists}
    whole |= {own: _without_blanks(whole.get(own), each) for own, each in lists.items() if isinstance(each.row, Field)}
    if name == "triggers":
        whole["enabled"] = row.get("enabled", "")
    return whole | ({WAS: row[WAS]} if WAS in row else {})


def _without_blanks(texts: Any, each: Rows) -> list[str]:
    kept = [text for text in texts or [] if isinstance(text, str) and text.strip()]
    return kept or [""] * each.least

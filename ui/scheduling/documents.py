"""From what a form holds to the document of a schedule, and back. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jobs.errors import FieldError, ValidationError
from ui.scheduling.form_parts import Field, Group, Rows
from ui.scheduling.form_tree import Tree, at, put, rows
from ui.scheduling.policy_parts import POLICIES, WHAT
from ui.scheduling.trigger_parts import ENABLED, EXCLUSIONS, KINDS, in_form_words

WAS = "was"
"""In a row: which entry of the saved document it stands for, so that what is not touched stays as it was written."""
_TOP = (WHAT, *POLICIES)
_LISTS: Mapping[str, tuple[str, Mapping[str, Group], Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "triggers": ("type", KINDS, in_form_words),
    "exclusions": ("kind", EXCLUSIONS, dict),
}
"""The lists whose rows are of several kinds: which field tells the kind, what each has, and how a document's entry is put."""


def new_tree(kind: str = "cron") -> Tree:
    """What the form of a new schedule begins with."""
    tree: Tree = {}
    for group in _TOP:
        _fill(tree, group, None)
    return tree | {"triggers": [new_row("triggers", kind)], "exclusions": []}


def new_row(name: str, kind: str) -> Tree:
    """A row to begin with, of the triggers or the exclusions."""
    by, kinds, _ = _LISTS[name]
    chosen = kind if kind in kinds else next(iter(kinds))
    return _row_tree(kinds[chosen], None) | {by: chosen} | ({"enabled": "on"} if name == "triggers" else {})


def tree_of(document: Mapping[str, Any]) -> Tree:
    """What the form shows of a document, as it was written."""
    tree: Tree = {}
    for group in _TOP:
        _fill(tree, group, document)
    for name in _LISTS:
        entries = document.get(name) or []
        tree[name] = [_entry_tree(name, entry) | {WAS: str(place)} for place, entry in enumerate(entries)]
    return tree


def document_of(tree: Tree, *, saved: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The document that a form says.

    Args:
        tree: What the form holds.
        saved: The document as it stands. What says the same in the form stays as it was written there.

    Raises:
        ValidationError: A field holds text of which no value can be made. All else is for the engine to judge.
    """
    saved = saved or {}
    errors: list[FieldError] = []
    document: dict[str, Any] = {}
    for group in _TOP:
        _read_fields(document, group, tree, errors, saved=saved)
    for name in _LISTS:
        entries = [_entry(name, row, saved.get(name) or []) for row in rows(tree, name) if isinstance(row, dict)]
        if entries or name in saved or name == "triggers":
            document[name] = entries
    if errors:
        raise ValidationError(errors)
    return document


def kinds_of(name: str) -> Mapping[str, Group]:
    """The kinds of rows of the triggers or the exclusions."""
    return _LISTS[name][1]


def kind_of(name: str, row: Mapping[str, Any]) -> str:
    """Of which kind a row is; the first for one that says none that is known."""
    by, kinds, _ = _LISTS[name]
    kind = row.get(by)
    return kind if isinstance(kind, str) and kind in kinds else next(iter(kinds))


def kind_field(name: str) -> str:
    """The field that tells it."""
    return _LISTS[name][0]


def _fill(tree: Tree, group: Group, document: Mapping[str, Any] | None) -> None:
    """With what a document says; without one, with what a new one begins with."""
    for field in group.fields:
        value = None if document is None else at(document, field.path, None)
        nothing = (field.begin or field.default) if document is None else field.default
        put(tree, field.path, nothing if value is None else field.text(value))


def new_child(each: Rows) -> Any:
    """A row to begin with, of a list within a row."""
    return _child_tree(each, None)


def _row_tree(group: Group, document: Mapping[str, Any] | None) -> Tree:
    tree: Tree = {}
    _fill(tree, group, document)
    for each in group.lists:
        entries = None if document is None else document.get(each.name)
        entries = entries if isinstance(entries, list) else [None] * (each.least if document is None else 0)
        tree[each.name] = [_child_tree(each, entry) for entry in entries]
    return tree


def _child_tree(each: Rows, entry: Any) -> Any:
    if isinstance(each.row, Field):
        return each.row.default if entry is None else each.row.text(entry)
    return _row_tree(each.row, entry if isinstance(entry, Mapping) else None)


def _entry_tree(name: str, entry: Mapping[str, Any]) -> Tree:
    by, kinds, put_so = _LISTS[name]
    shown = put_so(entry)
    kind = kind_of(name, shown)
    tree = _row_tree(kinds[kind], shown) | {by: kind}
    return tree | ({"enabled": ENABLED.text(shown.get("enabled", True))} if name == "triggers" else {})


def _entry(name: str, row: Tree, saved: list[Any]) -> dict[str, Any]:
    was = at(saved, str(row.get(WAS, "")), None) if row.get(WAS) else None
    said = {key: value for key, value in row.items() if key != WAS}
    if isinstance(was, Mapping) and _says_the_same(_entry_tree(name, was), said):
        return dict(was)
    by, kinds, _ = _LISTS[name]
    kind = kind_of(name, row)
    entry: dict[str, Any] = {by: kind}
    errors: list[FieldError] = []
    _read_group(entry, kinds[kind], row, errors)
    assert not errors  # only the top has fields of which none can be made
    if name == "triggers" and row.get("enabled") != "on":
        entry["enabled"] = False
    return entry


def _says_the_same(was: Tree, said: Tree) -> bool:
    """A check that is not set is not sent, and neither is a list without rows."""
    return bool(_sent(was) == _sent(said))


def _sent(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _sent(value) for name, value in tree.items() if value not in ("", [])}
    return [_sent(each) for each in tree] if isinstance(tree, list) else tree


def _read_group(document: dict[str, Any], group: Group, tree: Mapping[str, Any], errors: list[FieldError]) -> None:
    _read_fields(document, group, tree, errors)
    for each in group.lists:
        if entries := [
            entry for row in rows(tree, each.name) if (entry := _child(each, row, errors)) not in (None, "")
        ]:
            document[each.name] = entries


def _child(each: Rows, row: Any, errors: list[FieldError]) -> Any:
    if isinstance(each.row, Field):
        text = row.strip() if isinstance(row, str) else ""
        return each.row.value(text) if text else None
    entry: dict[str, Any] = {}
    _read_group(entry, each.row, row if isinstance(row, Mapping) else {}, errors)
    return entry


def _read_fields(
    document: dict[str, Any],
    group: Group,
    tree: Mapping[str, Any],
    errors: list[FieldError],
    *,
    saved: Mapping[str, Any] | None = None,
) -> None:
    saved = saved or {}
    for field in group.fields:
        found = at(tree, field.path)
        text = found.strip() if isinstance(found, str) else ""
        was = at(saved, field.path, None)
        if was is not None and field.text(was) == text:
            put(document, field.path, was)
        elif text != field.default and (text or field.widget == "check"):
            _read(document, field, text, errors)


def _read(document: dict[str, Any], field: Field, text: str, errors: list[FieldError]) -> None:
    try:
        put(document, field.path, field.value(text))
    except ValidationError as error:
        errors += [FieldError(field.path, each.message) for each in error.errors]

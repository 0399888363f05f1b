"""YAML that means what JSON means: reading it strictly, writing it, and finding where in it something stands."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import yaml

from jobs import strict_json

MAX_VALUES = 20_000_000
"""A million payloads with twenty values each. YAML's aliases can make more than any memory holds from one kilobyte of text."""


def read_value(text: str) -> object:
    """The one value that a text of YAML or JSON holds. Raises strict_json.NotJSONError."""
    if text.lstrip().startswith(("{", "[")):
        return strict_json.loads(text)
    found = read_documents(text)
    if len(found) != 1:
        raise strict_json.NotJSONError(f"expected one document, and found {len(found)}")
    return found[0]


def read_documents(text: str) -> list[object]:
    """The documents of a YAML text in their order, empty ones left out.

    Dates stay the text they are, a name may not stand twice in one object, and there are bounds to depth and size.

    Raises:
        strict_json.NotJSONError: With the line and column where the text went wrong, where that is known.
    """
    try:
        _check_depth(text)
        found = [value for value in yaml.load_all(text, Loader=_Loader) if value is not None]
        _check_size(found)
    except (yaml.YAMLError, ValueError) as error:
        raise strict_json.NotJSONError(_one_line(error)) from error
    return found


def dump(document: Any) -> str:
    """A document as YAML that `read_value` reads back to the same."""
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120))


def line_of(text: str, field: str, *, index: int = 1) -> int | None:
    """The line, counted from 1, of a dotted path, or of as much of it as there is; None when the text is no YAML.

    Args:
        text: YAML or JSON that was read before, and so is known not to be nested too deeply.
        field: Such as ``triggers.0.expression``; empty for the document itself.
        index: Which of the text's documents, counted from 1; the items of a list at the top count as documents.
    """
    documents = _nodes(text)
    return _line_in(documents[index - 1], field) if 1 <= index <= len(documents) else None


@lru_cache(maxsize=4)
def _nodes(text: str) -> list[yaml.Node]:
    """The documents as they stand in the text; none when it is no YAML. Kept, for who asks about many fields of one text."""
    try:
        nodes = [node for node in yaml.compose_all(text, Loader=yaml.CSafeLoader) if not _is_empty(node)]
    except yaml.YAMLError:
        return []
    return [item for node in nodes for item in (node.value if isinstance(node, yaml.SequenceNode) else [node])]


def _line_in(node: yaml.Node, field: str) -> int:
    line = node.start_mark.line
    for part in filter(None, field.split(".")):
        step = _step(node, part)
        if step is None:
            break
        line, node = step
    return int(line) + 1


def _step(node: yaml.Node, part: str) -> tuple[int, yaml.Node] | None:
    """The line of one part of a path, and what stands there; None when it does not."""
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line, value) for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and part.isdecimal() and int(part) < len(node.value):
        item = node.value[int(part)]
        return item.start_mark.line, item
    return None


def _is_empty(node: yaml.Node | None) -> bool:
    return node is None or node.tag == "tag:yaml.org,2002:null"


class _Loader(yaml.CSafeLoader):
    """Safe YAML that means what JSON means: dates stay the text they are, and a name may not stand twice."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """As PyYAML does it, which lets the last of two equal names win."""
        keys = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        mapping = super().construct_mapping(node, deep)
        seen: set[str] = set()
        for key in keys:
            if str(key.value) in seen:
                words = f"the name {str(key.value)[:100]!r} stands twice in one object"
                raise yaml.constructor.ConstructorError(None, None, words, key.start_mark)
            seen.add(str(key.value))
        return mapping


def _check_depth(text: str) -> None:
    """The parser's events come one by one; what builds values from them recurses in C, and crashes when it is too deep."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > strict_json.MAX_DEPTH:
            raise ValueError(f"nested too deeply: at most {strict_json.MAX_DEPTH} levels")


def _check_size(documents: list[object]) -> None:
    sizes: dict[int, int] = {}
    if sum(_size(document, sizes) for document in documents) > MAX_VALUES:
        raise ValueError(f"with its aliases written out it has more than {MAX_VALUES} values")


def _size(value: object, sizes: dict[int, int]) -> int:
    """How many values there are with each alias written out; each is looked at once. ``sizes`` is by id()."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in sizes:
        sizes[id(value)] = MAX_VALUES + 1  # Found again further down, it holds itself, and would never end.
        sizes[id(value)] = 1 + sum(
            _size(item, sizes) for item in (value.values() if isinstance(value, dict) else value)
        )
    return sizes[id(value)]


_HINTS = {
    "found character that cannot start any token": " (YAML is indented with spaces, not with tabs)",
    "mapping values are not allowed in this context": " (a value with a colon and a space in it stands in quotes)",
}
"""What mostly is the cause of the parser's commonest words."""


def _one_line(error: Exception) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}{_HINTS.get(str(error.problem), '')}"

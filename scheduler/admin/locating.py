"""Where in a text of YAML a field stands."""

from __future__ import annotations

import yaml


def line_of(text: str, field: str) -> int | None:
    """The line, counted from 1, of a dotted path, or of as much of it as there is; None when the text is no YAML.

    Args:
        text: YAML that was read before, and so is known not to be nested too deeply.
        field: Such as ``triggers.0.expression``.
    """
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return None
    if node is None:
        return None
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

"""Manifests: jobs as files. YAML or JSON; one document, several (``---``), or a list of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from jobs import strict_json
from jobs.documents import JobDocument, parse_job
from jobs.errors import FieldError, ValidationError

SUFFIXES = (".yaml", ".yml", ".json")
MAX_VALUES = 20_000_000
"""A million payloads with twenty values each. YAML's aliases can make more than any memory holds from one kilobyte of text."""


@dataclass(frozen=True, slots=True)
class ManifestError:
    """What is wrong with one field of one document.

    ``index`` counts a source's documents from 1; 0 when the source could not be read as a whole.
    """

    field: str
    message: str
    source: str
    index: int

    def __str__(self) -> str:
        """Source, document, field and message, in one line."""
        place = [self.source, f"document {self.index}" if self.index else "", self.field]
        return f"{', '.join(filter(None, place))}: {self.message}"


class ManifestsRefusedError(ValidationError):
    """Manifests were refused as a whole; nothing was saved. ``problems`` has at least one entry."""

    def __init__(self, problems: list[ManifestError]) -> None:
        super().__init__(FieldError(problem.field, problem.message) for problem in problems)
        self.problems = problems

    def __str__(self) -> str:
        """One line for each problem."""
        return "\n".join(map(str, self.problems))


def load(*sources: Path | str) -> list[JobDocument]:
    """Read job documents.

    Args:
        sources: Files; folders, of which the files with one of `SUFFIXES` are read by name, not those further down; or text.

    Returns:
        The documents in their order.

    Raises:
        ManifestsRefusedError: With every problem of every source; also for two documents of the same key.
    """
    documents: list[tuple[str, int, JobDocument]] = []
    problems: list[ManifestError] = []
    for name, text in _texts(sources, problems):
        for index, data in _documents(name, text, problems):
            try:
                documents.append((name, index, parse_job(data)))
            except ValidationError as error:
                problems += [ManifestError(each.field, each.message, name, index) for each in error.errors]
    problems += _duplicates(documents)
    if problems:
        raise ManifestsRefusedError(problems)
    return [document for _, _, document in documents]


def read_value(text: str) -> object:
    """The one value that a text of YAML or JSON holds, read as strictly as a manifest. Raises strict_json.NotJSONError."""
    if text.lstrip().startswith(("{", "[")):
        return strict_json.loads(text)
    found = _read_yaml(text)
    if len(found) != 1:
        raise strict_json.NotJSONError(f"expected one document, and found {len(found)}")
    return found[0]


def dump(document: dict[str, Any]) -> str:
    """A job document as YAML that `load` reads back to the same."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


class _Loader(yaml.CSafeLoader):
    """Safe YAML that means what JSON means: dates stay the text they are, and a name may not stand twice."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """As PyYAML does it, which lets the last of two equal names win."""
        names = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        mapping = super().construct_mapping(node, deep)
        if len(set(map(str, names))) < len(names):
            raise yaml.constructor.ConstructorError(None, None, "a name stands twice in one object", node.start_mark)
        return mapping


def _texts(sources: Iterable[Path | str], problems: list[ManifestError]) -> Iterator[tuple[str, str]]:
    for source in sources:
        if isinstance(source, str):
            yield "text", source
            continue
        for path in _files(source):
            try:
                yield str(path), path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "the file is not UTF-8"
                problems.append(ManifestError("", f"cannot be read: {reason}", str(path), 0))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())


def _documents(name: str, text: str, problems: list[ManifestError]) -> list[tuple[int, object]]:
    try:
        found = [strict_json.loads(text)] if name.endswith(".json") else _read_yaml(text)
    except strict_json.NotJSONError as error:
        problems.append(ManifestError("", str(error), name, 0))
        return []
    if not found:
        problems.append(ManifestError("", "holds no job document", name, 0))
    flat = [item for value in found for item in (value if isinstance(value, list) else [value])]
    return list(enumerate(flat, start=1))


def _read_yaml(text: str) -> list[object]:
    """The documents of a YAML text, empty ones left out."""
    try:
        _check_depth(text)
        found = [value for value in yaml.load_all(text, Loader=_Loader) if value is not None]
        _check_size(found)
    except (yaml.YAMLError, ValueError) as error:
        raise strict_json.NotJSONError(_one_line(error)) from error
    return found


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


def _duplicates(documents: list[tuple[str, int, JobDocument]]) -> Iterator[ManifestError]:
    first: dict[str, str] = {}
    for source, index, document in documents:
        if document.key in first:
            yield ManifestError("key", f"{document.key} stands already in {first[document.key]}", source, index)
        first.setdefault(document.key, f"{source}, document {index}")


def _one_line(error: Exception) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"

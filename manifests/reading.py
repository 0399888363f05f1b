"""From files to documents: YAML or JSON; one document, several (``---``), or a list of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs import strict_json, yaml_text
from manifests.problems import Place, Problem

SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Written:
    """One document as somebody wrote it, and where."""

    place: Place
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Texts:
    """What was read: the documents that are objects, in their order, and the texts by file, in which lines are found later."""

    documents: list[Written]
    problems: list[Problem]
    by_file: Mapping[str, str]

    def told(self, problems: Iterable[Problem]) -> list[Problem]:
        """Problems in the order of the files and their documents, each with the line of as much of its field as there is."""
        files = {name: at for at, name in enumerate(self.by_file)}
        return [self._located(each) for each in sorted(problems, key=lambda each: _order(each, files))]

    def _located(self, problem: Problem) -> Problem:
        if problem.place is None or not problem.place.index:
            return problem
        text = self.by_file.get(problem.place.file, "")
        return problem.at(yaml_text.line_of(text, problem.field, index=problem.place.index))


def read(*sources: Path | str) -> Texts:
    """Read what files hold.

    Args:
        sources: Files; folders, of which the files with one of `SUFFIXES` are read by name, not those further down; or text.

    Returns:
        What could be read, and what is wrong with the rest.
    """
    problems: list[Problem] = []
    texts = dict(_texts(sources, problems))
    documents = [found for name, text in texts.items() for found in _documents(name, text, problems)]
    return Texts(documents, problems, texts)


def _order(problem: Problem, files: Mapping[str, int]) -> tuple[int, int]:
    return (files.get(problem.place.file, -1), problem.place.index) if problem.place else (len(files), 0)


def _texts(sources: Iterable[Path | str], problems: list[Problem]) -> Iterator[tuple[str, str]]:
    texts = 0
    for source in sources:
        if isinstance(source, str):
            texts += 1
            yield ("text" if texts == 1 else f"text {texts}"), source
            continue
        for path in _files(source, problems):
            try:
                yield str(path), path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "the file is not UTF-8"
                problems.append(Problem(f"cannot be read: {reason}", Place(str(path))))


def _files(path: Path, problems: list[Problem]) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
    if not found:
        problems.append(Problem(f"the folder has no file that ends in {', '.join(SUFFIXES)}", Place(str(path))))
    return found


def _documents(name: str, text: str, problems: list[Problem]) -> Iterator[Written]:
    try:
        found = [strict_json.loads(text)] if name.endswith(".json") else yaml_text.read_documents(text)
    except strict_json.NotJSONError as error:
        problems.append(Problem(str(error), Place(name)))
        return
    flat = [item for value in found for item in (value if isinstance(value, list) else [value])]
    if not flat:
        problems.append(Problem("holds no document", Place(name)))
    for index, value in enumerate(flat, start=1):
        place = Place(name, index)
        if isinstance(value, dict):
            yield Written(place, value)
        else:
            problems.append(Problem("expected an object, such as a job with key and payload", place))

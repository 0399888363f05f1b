"""From files to the objects that they ask for, with all that is wrong told at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs import secret_values, strict_json
from jobs.errors import FieldError, ValidationError
from manifests import calendars, documents, extending, forms
from manifests.documents import Wanted
from manifests.problems import ManifestsRefusedError, Problem, problems_of
from manifests.reading import Texts, Written, read


@dataclass(frozen=True, slots=True)
class Loaded:
    """The objects that files ask for, and the files."""

    wanted: Sequence[Wanted]
    texts: Texts


def load(*sources: Path | str) -> Loaded:
    """Read the objects that files ask for: other systems' forms are converted, bases merged, calendars written out.

    Args:
        sources: As `manifests.reading.read` takes them.

    Returns:
        The objects in their order, each once. A schedule of a job that is among them is a part of that.

    Raises:
        ManifestsRefusedError: With every problem of every source.
    """
    texts = read(*sources)
    problems = list(texts.problems)
    written = _storable(texts.documents, problems)
    for step in (forms.convert, extending.resolve, calendars.expand):
        written, wrong = step(written)
        problems += wrong
    found = _once(_wanted(written, problems), problems)
    found = _joined(found, problems)
    if problems:
        raise ManifestsRefusedError(texts.told(problems))
    return Loaded(found, texts)


def _storable(written: Sequence[Written], problems: list[Problem]) -> list[Written]:
    """Before anything merges or converts them: names that are no text, NaN, and what else JSON has not."""
    found = []
    for each in written:
        wrong = strict_json.problems(each.data)
        problems += problems_of(ValidationError(wrong), place=each.place)
        if not wrong:
            found.append(each)
    return found


def _wanted(written: Iterable[Written], problems: list[Problem]) -> list[Wanted]:
    found = []
    for each in written:
        secrets = [error for error in secret_values.problems(each.data)]
        try:
            found.append(documents.wanted(each.data, place=each.place))
        except ValidationError as error:
            secrets = [*error.errors, *_elsewhere(secrets, error.errors)]
        problems += problems_of(ValidationError(secrets), place=each.place)
    return found


def _elsewhere(found: Sequence[FieldError], told: Sequence[FieldError]) -> list[FieldError]:
    """A field is told once."""
    fields = {error.field for error in told}
    return [error for error in found if error.field not in fields]


def _once(found: Sequence[Wanted], problems: list[Problem]) -> list[Wanted]:
    first: dict[tuple[str, str], Wanted] = {}
    for each in found:
        other = first.setdefault((each.kind, each.name), each)
        if other is not each:
            message = f"{each.name} stands already in {other.place}"
            problems.append(Problem(message, each.place, "key" if each.kind == "job" else "name"))
    return list(first.values())


def _joined(found: Sequence[Wanted], problems: list[Problem]) -> list[Wanted]:
    """Schedules whose jobs are among the objects become parts of them."""
    jobs = {each.name: each for each in found if each.kind == "job"}
    for each in found:
        key = each.name.partition("/")[0]
        if each.kind != "schedule" or key not in jobs:
            continue
        job = jobs[key]
        try:
            jobs[key] = documents.with_schedules(job, [*job.document["schedules"], each.document])
        except ValidationError:
            message = f"{key} has a schedule {each.document['name']!r} already, in {job.place}"
            problems.append(Problem(message, each.place, "name"))
    alone = [each for each in found if each.kind != "schedule" or each.name.partition("/")[0] not in jobs]
    return [jobs[each.name] if each.kind == "job" else each for each in alone]

"""Where the apps above take part in what happens to jobs and runs: the scheduler, the sinks.

An app registers itself when Django starts (its ``AppConfig.ready``), in every process. Nothing here knows who that is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.errors import FieldError


def _nothing(*_: Any) -> None:
    """What an extension does that does not care."""


def _nothing_missing(*_: Any) -> list[FieldError]:
    """What an extension misses that does not care."""
    return []


def _nothing_to_tell(_run_id: int) -> dict[str, Any]:
    """What an extension says of a run that keeps nothing beside it."""
    return {}


def _nothing_of_jobs(_job_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What an extension says of jobs that keeps nothing beside them."""
    return {}


def _no_pages(_run_id: int) -> list[tuple[str, str]]:
    """The pages of an extension that has none."""
    return []


@dataclass(frozen=True, kw_only=True)
class Extension:
    """One part of a job's document, and what becomes of it.

    Args:
        field: The list in the document that this extension reads.
        check: What is wrong with the list, each error's field beginning with the list's name.
        fits: What is wrong with the list beside the payloads, as ``check`` has it: the list and the names of all payloads that a
            run of the job can have. Not asked where others may be added to a run.
        saving: The job is about to be written: its workspace's id, the list that it will have and the one that it has; within that
            transaction, before it locks the job's row. For locks that must come before any job's.
        saved: The job was written, with its document; within that transaction, which holds the job's row.
        missing: What a job with this list lacks to become active: its workspace's id and the list.
        closing: These runs end; within the transaction that ends them, on its connection. It must take no lock but on rows that it
            inserts: the runs are locked, and who locks schedules, jobs or sinks may wait for runs.
        closed: They ended, and that is committed. If the process dies before this, something else must do it.
        of_jobs: What the answers about jobs say besides, JSON-ready by name, by job id: their ids. In one query at most.
        of_run: What the answer about one run that has ended says besides, JSON-ready by name: its id.
        pages_of_run: Buttons on a run's page in the admin: its id, to pairs of an address and what the button says.
        run_template: Shows that on the run's page in the admin, where it is the context; empty for nothing.
    """

    field: str
    check: Callable[[list[dict[str, Any]]], list[FieldError]]
    fits: Callable[[list[dict[str, Any]], Collection[str]], list[FieldError]] = _nothing_missing
    saving: Callable[[int, Sequence[Any], Sequence[Any]], None] = _nothing
    saved: Callable[[Any, str], None] = _nothing
    missing: Callable[[int, list[dict[str, Any]]], list[FieldError]] = _nothing_missing
    closing: Callable[[Any, Sequence[Any]], None] = _nothing
    closed: Callable[[Sequence[Any]], None] = _nothing
    of_run: Callable[[int], dict[str, Any]] = _nothing_to_tell
    of_jobs: Callable[[Sequence[int]], dict[int, dict[str, Any]]] = _nothing_of_jobs
    pages_of_run: Callable[[int], list[tuple[str, str]]] = _no_pages
    run_template: str = ""


_extensions: dict[str, Extension] = {}


def register(extension: Extension) -> None:
    """Take part from now on. Registering a field again replaces who had it."""
    _extensions[extension.field] = extension


def all_extensions() -> list[Extension]:
    """Those that are registered."""
    return list(_extensions.values())


def of(field: str) -> Extension | None:
    """Who reads this list of a job's document, or None."""
    return _extensions.get(field)

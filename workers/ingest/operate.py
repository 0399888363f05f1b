"""One look at a source or a destination, outside any run: the module that `workers.child` runs for `workers.operations`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jobs.errors import PermanentError, TransientError
from workers.child_main import Channel
from workers.ingest import outputs, preview
from workers.ingest.failures import explained
from workers.ingest.spec import Source, Target

JSON = dict[str, Any]


def run(*, spec: JSON, channel: Channel) -> JSON:
    """Do what ``spec["verb"]`` says.

    Args:
        spec: ``{"verb", "source", "target", "rows", "memory_limit_mb"}``. Source and target as JSON, left out where the verb does
            not need them or they could not be resolved.
        channel: For log lines.

    Returns:
        For ``validate`` ``{"source": {...}, "target": {...}}``, those that are there, each with ``ok`` and either its facts or
        ``message`` and ``code``; for ``preview`` what `workers.ingest.preview.first_rows` returns; for ``delete_output`` what
        `workers.ingest.outputs.delete` returns.

    Raises:
        PermanentError, TransientError: As for a load; ``validate`` answers with them in place of raising.
    """
    return _VERBS[spec["verb"]](spec, channel)


def _validate(spec: JSON, channel: Channel) -> JSON:
    looks: Mapping[str, Callable[[], JSON]] = {
        "source": lambda: _source_facts(spec, channel),
        "target": lambda: outputs.check(target=Target.from_json(spec["target"])),
    }
    return {name: _told(look) for name, look in looks.items() if spec.get(name) is not None}


def _preview(spec: JSON, channel: Channel) -> JSON:
    with explained():
        return _first_rows(spec, channel, rows=spec["rows"])


def _delete_output(spec: JSON, channel: Channel) -> JSON:
    with explained():
        return outputs.delete(target=Target.from_json(spec["target"]))


def _source_facts(spec: JSON, channel: Channel) -> JSON:
    """The columns, read from as little as tells that there is access. Rows are nobody's business here."""
    return {"columns": _first_rows(spec, channel, rows=1)["columns"]}


def _first_rows(spec: JSON, channel: Channel, *, rows: int) -> JSON:
    source = Source.from_json(spec["source"])
    return preview.first_rows(source, rows=rows, memory_limit_mb=spec["memory_limit_mb"], channel=channel)


def _told(look: Callable[[], JSON]) -> JSON:
    try:
        with explained():
            return {"ok": True, **look()}
    except (PermanentError, TransientError) as error:
        return {"ok": False, "message": str(error), "code": error.code}


_VERBS: Mapping[str, Callable[[JSON, Channel], JSON]] = {
    "validate": _validate,
    "preview": _preview,
    "delete_output": _delete_output,
}

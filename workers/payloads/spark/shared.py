"""The folder that this machine and a cluster's machines have at the same place: scripts that were given as text, and event logs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workers.payloads.spark.targets import Target
from workers.spark import event_log
from workers.spark.event_log import EventLog


def place_script(target: Target, tag: str, text: str) -> str:
    """Write a script where the cluster finds it; its path. Written again, it is the same."""
    assert target.shared is not None
    path = Path(target.shared) / f"{tag}.py"
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    beside.write_text(text, encoding="utf-8")
    return str(beside.replace(path))


def event_properties(target: Target, tag: str) -> Mapping[str, str]:
    """The properties by which the application's event log comes into the folder; none without a folder."""
    folder = _events(target, tag)
    if folder is None:
        return {}
    folder.mkdir(exist_ok=True)
    folder.chmod(folder.parent.stat().st_mode & 0o7777)  # the cluster's user may be another
    return event_log.configuration(folder.as_uri())


def figures(target: Target, tag: str) -> dict[str, Any]:
    """The application's id, stages, tasks and rows, as its event log tells; empty when there is none."""
    folder = _events(target, tag)
    if folder is None or not folder.is_dir():
        return {}
    found = EventLog(folder).read_on()
    return found.to_json() if found.application_id else {}


def clear(target: Target, tag: str) -> None:
    """Remove what lies there of a submission that is over."""
    folder = _events(target, tag)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
        (folder.parent / f"{tag}.py").unlink(missing_ok=True)


def _events(target: Target, tag: str) -> Path | None:
    return Path(target.shared) / f"{tag}.events" if target.shared else None

"""One job, start to end: the module that `workers.child` runs for the generate kind."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from jobs.errors import TransientError
from workers.generate.block import Block
from workers.generate.formats.opening import open_writer
from workers.generate.formats.options import MEDIA_TYPES, suffix
from workers.generate.independent import Plan
from workers.generate.job import GenerateJob
from workers.generate.keys import Keys
from workers.generate.layout import layout_of
from workers.generate.outputs import Output, to_file, to_memory
from workers.generate.records import Records
from workers.generate.spec import Dataset, in_order
from workers.generate.streams import stream

SCREEN_BYTES = 128 * 1024
"""The most that is shown, of all datasets together. As JSON, where a character may take six, it fits into a child's result."""


class Listener(Protocol):
    """What of a `workers.child_main.Channel` a job needs."""

    def log(self, level: str, message: str) -> None: ...
    def progress(self, *, current: float, total: float | None = None, unit: str = "") -> None: ...


@dataclass(slots=True)
class Making:
    """A job at work.

    Args:
        job: What was asked for.
        seed: The job's, or the one that stands for it.
        now: What ``past`` and ``future`` are counted from.
        folder: Where files go; None for the screen.
        limit_bytes: The most that one file may have.
        channel: For log lines and progress.
    """

    job: GenerateJob
    seed: int
    now: dt.datetime
    folder: Path | None
    limit_bytes: int
    channel: Listener
    done: int = 0
    total: int = 0
    left_on_screen: int = SCREEN_BYTES
    keys: dict[str, Keys] = field(default_factory=dict)

    def results(self) -> list[dict[str, Any]]:
        """Make all datasets; what came of each, in the order in which they were written."""
        counts = {dataset.name: self._count(dataset) for dataset in self.job.datasets}
        self.total = sum(counts.values())
        self.keys = {reference.dataset: Keys() for dataset in self.job.datasets for reference in dataset.references}
        with ExitStack() as stack:
            for keys in self.keys.values():
                stack.callback(keys.close)
            made = {
                dataset.name: self._dataset(dataset, counts[dataset.name]) for dataset in in_order(self.job.datasets)
            }
        return [made[dataset.name] for dataset in self.job.datasets]

    def _count(self, dataset: Dataset) -> int:
        most = self.job.records_of(dataset)
        return stream(self.seed, dataset.name, "records").randint(1, most) if self.job.randomize_records else most

    def _dataset(self, dataset: Dataset, count: int) -> dict[str, Any]:
        result: dict[str, Any] = {"name": dataset.name, "records": count}
        if self.folder is None:
            output, kept = to_memory(limit_bytes=self.left_on_screen)
            self._write(dataset, count, output)
            self.left_on_screen -= output.size_bytes
            return result | {"text": kept.getvalue().decode(getattr(self.job.format, "encoding", "utf-8"))}
        name = f"{dataset.name}.{suffix(self.job.format)}"
        output = to_file(self.folder / name, buffer_bytes=self.job.buffer_bytes, limit_bytes=self.limit_bytes)
        self._write(dataset, count, output)
        output.finish()
        self.channel.log("info", f"{count} records of {dataset.name} in {name}, {output.size_bytes} bytes")
        kind = MEDIA_TYPES[self.job.format.type]
        return result | {"file": name, "size_bytes": output.size_bytes, "sha256": output.sha256, "media_type": kind}

    def _write(self, dataset: Dataset, count: int, output: Output) -> None:
        others = {one.name: one for one in self.job.datasets}
        writer = open_writer(options=self.job.format, stream=output, layout=layout_of(dataset, others))
        plan = Plan(dataset, self.seed, self.now)
        records = Records(plan, records=count, keys=self.keys, processes=self.job.processes)
        for block in self._watched(dataset, records.blocks()):
            if self.job.flush_each_record:
                for single in block.singles():
                    writer.write(single)
                    output.flush()
            else:
                writer.write(block)
        writer.close()
        output.flush()

    def _watched(self, dataset: Dataset, blocks: Iterable[Block]) -> Iterator[Block]:
        """The blocks; keeps the keys that others refer to, and shows how far it is."""
        key = dataset.primary_key
        place = dataset.fields.index(key) if key is not None else 0
        for block in blocks:
            if dataset.name in self.keys:
                self.keys[dataset.name].add(block.columns[place])
            yield block
            self.done += block.count
            self.channel.progress(current=self.done, total=self.total, unit="records")


def run(*, spec: dict[str, Any], channel: Listener) -> dict[str, Any]:
    """Make the data.

    Args:
        spec: ``job`` (`GenerateJob`), ``seed``, ``now`` (ISO 8601), ``folder`` (null for the screen), ``limit_bytes``.
        channel: For log lines and progress.

    Returns:
        ``{"records", "seed", "format", "datasets": [{"name", "records", ...}], "duration_ms"}``; a dataset has its ``text``, or
        ``file``, ``size_bytes``, ``sha256`` and ``media_type``.

    Raises:
        PermanentError: There are not enough different values, an expression or template failed, or the output is too large.
        TransientError: A file could not be written (code ``files``).
    """
    began = time.monotonic()
    making = Making(
        job=GenerateJob.model_validate(spec["job"]),
        seed=spec["seed"],
        now=dt.datetime.fromisoformat(spec["now"]),
        folder=Path(spec["folder"]) if spec["folder"] else None,
        limit_bytes=spec["limit_bytes"],
        channel=channel,
    )
    try:
        results = making.results()
    except OSError as error:
        raise TransientError(f"could not write a file: {error.strerror}", code="files") from error
    return {
        "records": making.done,
        "seed": making.seed,
        "format": making.job.format.type,
        "datasets": results,
        "duration_ms": round((time.monotonic() - began) * 1000),
    }

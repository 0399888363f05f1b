"""Makes the data in a child process of its own, and keeps the files that it has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jobs.made_file import MadeFile
from workers.child import run_child
from workers.generate.job import GenerateJob
from workers.generate.streams import seed_of
from workers.payloads.base import JSON, Work, parameters_of


class GenerateExecutor:
    """Leaves the work to `workers.generate.run`."""

    def perform(self, work: Work) -> JSON:
        """Make the data; see `workers.generate.run.run` for the result and `workers.child.run_child` for the errors.

        Without a seed every attempt takes the same one, so that a repeated attempt makes the same data.
        """
        job = parameters_of(GenerateJob, work.parameters)
        if job.output == "screen":
            return _made(job, work, folder=None)
        with work.files.folder() as folder:
            result = _made(job, work, folder=folder)
            files = [_file(folder, made) for made in result["datasets"]]
            addresses = work.files.keep(files)
        datasets = [made | {"url": url} for made, url in zip(result["datasets"], addresses, strict=True)]
        return result | {"datasets": datasets}


def _made(job: GenerateJob, work: Work, *, folder: Path | None) -> dict[str, Any]:
    spec = {
        "job": dict(work.parameters),
        "seed": seed_of(work.idempotency_key) if job.seed is None else job.seed,
        "now": work.run_created_at.isoformat(),
        "folder": str(folder) if folder else None,
        "limit_bytes": work.files.limit_bytes,
    }
    return dict(run_child(module="workers.generate.run", spec=spec, work=work))


def _file(folder: Path, made: dict[str, Any]) -> MadeFile:
    return MadeFile(folder / made["file"], made["file"], made["media_type"], made["size_bytes"], made["sha256"])


EXECUTOR = GenerateExecutor()

"""The ready script of an SQL aggregation, for ``spark-submit aggregation.py SPECIFICATION`` with the specification as JSON.

Inputs become views; ``sql`` reads them. ``rollup_sql``, when there is one, reads the views ``fresh``, the rows of ``sql``,
``before``, those of the output that is there, and ``aggregated``, both together. What comes of it replaces the output. A key goes
with each output, beside those of the outputs before it, so that an attempt that is repeated after its output was put in place does
nothing, also where another run has replaced that since.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession

_KEY_FILE = "_jobs_key_{key}"
"""Beside the data: what begins with an underscore is no data to Spark."""
KEYS_KEPT = 100


class Output:
    """The folder that the rows go to, through Hadoop's file system, so that it may be anywhere."""

    def __init__(self, session: SparkSession, wanted: Mapping[str, Any], key: str) -> None:
        self._session, self._wanted, self._key = session, wanted, key
        jvm: Any = session._jvm
        self._path_of = jvm.org.apache.hadoop.fs.Path
        self.path = wanted["path"].rstrip("/")
        self._files = self._path_of(self.path).getFileSystem(session._jsc.hadoopConfiguration())

    def recover(self) -> None:
        """Undo a swap that was cut short between its two steps."""
        if not self._exists(self.path) and self._exists(self._old):
            self._move(self._old, self.path)

    def is_done(self) -> bool:
        """Whether what is there was written by this payload of this run."""
        return self._exists(f"{self.path}/{_KEY_FILE.format(key=self._key)}")

    def rows(self) -> DataFrame | None:
        """What is there; None when there is nothing."""
        if not self._exists(self.path):
            return None
        return self._session.read.format(self._wanted["format"]).options(**self._wanted["options"]).load(self.path)

    def replace(self, rows: DataFrame) -> None:
        """Write the rows beside what is there, then put them in its place."""
        writer = rows.write.format(self._wanted["format"]).options(**self._wanted["options"]).mode("overwrite")
        (writer.partitionBy(*self._wanted["partition_by"]) if self._wanted["partition_by"] else writer).save(self._new)
        for name in [*self._keys(), _KEY_FILE.format(key=self._key)]:
            self._files.create(self._path_of(f"{self._new}/{name}")).close()
        self._files.delete(self._path_of(self._old), True)
        if self._exists(self.path):
            self._move(self.path, self._old)
        self._move(self._new, self.path)
        self._files.delete(self._path_of(self._old), True)

    def _keys(self) -> list[str]:
        """The names of the newest key files of what is there, the oldest first."""
        found = self._files.globStatus(self._path_of(f"{self.path}/{_KEY_FILE.format(key='*')}")) or []
        aged = sorted((each.getModificationTime(), str(each.getPath().getName())) for each in found)
        return [name for _, name in aged[-KEYS_KEPT:]]

    @property
    def _new(self) -> str:
        return f"{self.path}.new"

    @property
    def _old(self) -> str:
        return f"{self.path}.old"

    def _exists(self, path: str) -> bool:
        return bool(self._files.exists(self._path_of(path)))

    def _move(self, source: str, target: str) -> None:
        if not self._files.rename(self._path_of(source), self._path_of(target)):
            raise OSError(f"could not rename {source} to {target}")


def aggregate(session: SparkSession, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Do what the specification says.

    Returns:
        ``rows`` in the output, and ``skipped``: ``done`` when an earlier attempt had put it in place, ``empty`` when no input has
        rows and that was to be skipped, else None.
    """
    output = Output(session, wanted["output"], wanted["key"])
    output.recover()
    if output.is_done():
        return {"rows": _count(output.rows()), "skipped": "done"}
    views = _views(session, wanted["inputs"])
    if wanted["skip_if_empty"] and all(view.isEmpty() for view in views):
        return {"rows": _count(output.rows()), "skipped": "empty"}
    output.replace(_rolled_up(session, wanted, output))
    return {"rows": _count(output.rows()), "skipped": None}


def _views(session: SparkSession, inputs: Mapping[str, Mapping[str, Any]]) -> list[DataFrame]:
    views = []
    for name, each in inputs.items():
        view = session.read.format(each["format"]).options(**each["options"]).load(each["path"])
        view.createOrReplaceTempView(name)
        views.append(view)
    return views


def _rolled_up(session: SparkSession, wanted: Mapping[str, Any], output: Output) -> DataFrame:
    rows = session.sql(wanted["sql"], args=wanted["parameters"])
    if not wanted["rollup_sql"]:
        return rows
    there = output.rows()
    before = rows.limit(0) if there is None else there.select(*rows.columns)
    for name, view in (("fresh", rows), ("before", before), ("aggregated", before.unionByName(rows))):
        view.createOrReplaceTempView(name)
    return session.sql(wanted["rollup_sql"], args=wanted["parameters"])


def _count(rows: DataFrame | None) -> int:
    return 0 if rows is None else rows.count()


def main() -> None:
    """Aggregate, and hand the result back."""
    session = SparkSession.builder.getOrCreate()
    result = aggregate(session, json.loads(sys.argv[1]))
    print(f"{result['rows']} rows in the output" + (f", skipped: {result['skipped']}" if result["skipped"] else ""))
    if path := os.environ.get("JOBS_RESULT_FILE"):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(result, file)
    session.stop()


if __name__ == "__main__":
    main()

"""Datasets and their records, for tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from workers.generate.block import Block
from workers.generate.independent import Plan
from workers.generate.keys import Keys
from workers.generate.records import Records
from workers.generate.spec import Dataset

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def dataset(*fields: dict[str, Any], **more: Any) -> Dataset:
    """A dataset called ``d``; a field without a name is called ``v``."""
    return Dataset.model_validate({"name": "d", "fields": [{"name": "v"} | field for field in fields]} | more)


def blocks(made: Dataset, count: int, *, seed: int = 1, keys: Mapping[str, Keys] | None = None) -> list[Block]:
    """All its records."""
    return list(Records(Plan(made, seed, NOW), records=count, keys=keys).blocks())


def rows(made: Dataset, count: int, *, seed: int = 1, keys: Mapping[str, Keys] | None = None) -> list[tuple[Any, ...]]:
    """All its records, one by one."""
    return [row for block in blocks(made, count, seed=seed, keys=keys) for row in block.rows()]


def values(field: dict[str, Any], count: int = 200, *, seed: int = 1, **more: Any) -> list[Any]:
    """What one field makes."""
    return [row[0] for row in rows(dataset(field, **more), count, seed=seed)]

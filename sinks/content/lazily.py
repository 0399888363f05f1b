"""Kinds whose clients are large: web, beat and workers that deliver nothing know their configuration, and load no more."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from sinks.base import OpenSink, Surroundings


def opener(module: str, name: str) -> Callable[[Any, Surroundings], OpenSink]:
    """For `SinkKind.open`: that class of that module, which is imported when a sink is opened."""

    def opened(configuration: Any, surroundings: Surroundings) -> OpenSink:
        made: OpenSink = getattr(importlib.import_module(module), name)(configuration, surroundings)
        return made

    return opened

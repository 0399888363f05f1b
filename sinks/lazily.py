"""Kinds whose clients are large, or need not be there: who delivers nothing knows their configuration alone."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from jobs.errors import PermanentError
from sinks.base import OpenSink, Surroundings


def loaded(module: str, name: str, *, missing: str = "") -> Any:
    """What a module offers under a name; the module is imported now.

    Raises:
        PermanentError: It needs a package that is an extra and not there: ``missing`` says so (``not_installed``).
    """
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        if not missing:
            raise
        raise PermanentError(missing, code="not_installed") from error


def opener(module: str, name: str, *, missing: str = "") -> Callable[[Any, Surroundings], OpenSink]:
    """For `SinkKind.open`: a class of a module, which is `loaded` when a sink is opened."""

    def opened(configuration: Any, surroundings: Surroundings) -> OpenSink:
        made: OpenSink = loaded(module, name, missing=missing)(configuration, surroundings)
        return made

    return opened

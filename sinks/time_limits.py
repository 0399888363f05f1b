"""Errors behind which there is a time limit."""

from __future__ import annotations


def code_of(error: BaseException, *, otherwise: str) -> str:
    """``timeout`` where a time limit stands behind an error, whatever a library has made of it; ``otherwise`` for any other."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, TimeoutError):
            return "timeout"
        behind = behind.__cause__ or behind.__context__
    return otherwise

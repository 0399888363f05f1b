"""What the payloads of an example came to, in a few words for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any


def came_to(payloads: Sequence[Mapping[str, Any]], *, deliveries: Sequence[Mapping[str, Any]] = ()) -> str:
    """Each different thing once, and how often where it was not once: ``status 200 (200 times)``; and what was delivered.

    Args:
        payloads: As the API shows them.
        deliveries: The run's, as the API shows them.
    """
    counted = Counter(filter(None, map(_words, payloads)))
    words = [words if times == 1 else f"{words} ({times} times)" for words, times in counted.items()]
    words += [f"{each['delivered']} delivered to {each['sink']}" for each in deliveries]
    return ", ".join(words)


def _words(payload: Mapping[str, Any]) -> str:
    if payload["state"] == "succeeded":
        return _result(payload["result"])
    return str((payload["error"] or {}).get("message", ""))


def _result(result: object) -> str:
    """Nothing for a result of another form than the kinds of the examples have."""
    words = ""
    match result:
        case {"rows": {"output": rows}, "destination": destination}:
            words = f"{rows:,} rows into {destination}"
        case {"records": records, "datasets": datasets}:
            words = f"{records:,} records in {len(datasets)} files"
        case {"deleted": deleted}:
            words = f"{sum(deleted.values()):,} rows erased"
        case {"status": status}:
            words = f"status {status}"
        case {"value": {"rows": rows}}:
            words = f"{rows:,} rows by Spark"
    return words

"""Parcels as sinks of bytes leave them, under names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from tests.sinks_conformance.adapter import Held

_MANIFEST = ".manifest.json"


def held_in(contents: Mapping[str, bytes]) -> list[Held]:
    """What lies there whole, by name. Raises AssertionError: an object without its manifest, or a manifest that does not fit."""
    return [_read(name, contents) for name in sorted(contents) if not name.endswith(_MANIFEST)]


def _read(name: str, contents: Mapping[str, bytes]) -> Held:
    content = contents[name]
    if name.endswith(".json"):
        document = json.loads(content)
        return Held((document["payload"]["position"],), document["id"], content)
    proof = json.loads(contents[name + _MANIFEST])
    assert (proof["size"], proof["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    positions = tuple(json.loads(line)["position"] for line in content.splitlines())
    assert proof["rows"] == len(positions)
    return Held(positions, proof["id"], content)

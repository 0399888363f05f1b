"""The shapes of other systems: their words and field names, made of our own answers where a caller asks for them.

Inside there is one vocabulary, `jobs.states`; these modules map it at the edge, and docs/reference/other-shapes.md says what has no
counterpart. Each function takes what `jobs.api.shapes` has made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Told = Mapping[str, Any]
Mapper = Callable[[Told], Any]

MOST_RUNS = 1000
"""That a list without pages has, and that one action ends."""

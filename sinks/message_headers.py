"""Headers of messages, as several kinds of sink are told them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sinks.filling import Filled

Headers = Annotated[dict[Annotated[str, Field(min_length=1, max_length=200)], Filled], Field(max_length=50)]
"""By name, texts with gaps."""

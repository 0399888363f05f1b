"""The name of a secret in a sink's configuration."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator


def _secret_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.\-]{0,99}", value, re.ASCII):
        raise ValueError("expected the name of a secret of the workspace: a letter, then letters, digits, _ . or -")
    return value


SecretName = Annotated[str, AfterValidator(_secret_name)]

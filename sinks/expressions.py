"""JMESPath expressions as a person writes them."""

from __future__ import annotations

from typing import Annotated

import jmespath
from pydantic import AfterValidator, Field


def checked(expression: str) -> str:
    """The expression itself. Raises ValueError: it is none."""
    try:
        jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(f"is no JMESPath expression: {str(error).splitlines()[0]}") from error
    return expression


Expression = Annotated[str, Field(max_length=2000), AfterValidator(checked)]

"""Templates in what a person wrote: ``{{ parameters.city }}`` becomes what the run was triggered with.

Only the text of the job document is a template. A value that is filled in is never read as one, so whoever may
trigger a run cannot make it compute anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined
from jinja2.exceptions import SecurityError
from jinja2.filters import do_urlencode
from jinja2.sandbox import ImmutableSandboxedEnvironment

from jobs.errors import PermanentError

if TYPE_CHECKING:  # a child process that renders needs none of the payload kinds, which base's package brings along
    from workers.payloads.base import Work

MAX_RENDERED_CHARACTERS = 16 * 1024 * 1024
_LARGEST_PRODUCT = 10**18
# What an expression such as {{ parameters.a / parameters.b }} can raise besides jinja's own errors.
_EXPRESSION_ERRORS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Scope(dict[str, Any]):
    """The values under one top-level name of a template; it knows that name, so that an error can say it."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.name = name


_PADDING = frozenset({"center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"})


class _Missing(StrictUndefined):
    """Says which value is missing by the name under which the template asked for it."""

    @property
    def _undefined_message(self) -> str:
        owner = f"{self._undefined_obj.name}." if isinstance(self._undefined_obj, Scope) else ""
        return f"{owner}{self._undefined_name} is not given"


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which a key wins over a method's name and no expression makes a value out of proportion."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look up ``obj.attribute``: a run parameter named ``items`` is the parameter, not dict's method."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Text methods that pad to a width of one's choice are not: they take the worker's memory."""
        return attr not in _PADDING and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiply numbers of a sane size; ``"x" * 10**10`` would take the worker's memory."""
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            raise SecurityError(f"{operator} works on numbers only")
        if operator == "**" and (abs(left) > 1000 or abs(right) > 18):
            raise SecurityError("the power is too large")
        product = super().call_binop(context, operator, left, right)
        if abs(product) > _LARGEST_PRODUCT:
            raise SecurityError("the product is too large")
        return product


def _spell(value: Any) -> Any:
    """Write true, false, null, objects and lists as JSON does, not as Python does."""
    return value if isinstance(value, str | Undefined) else json.dumps(value, ensure_ascii=False)


def _urlencode(value: Any) -> str:
    """Encode a value for a URL. Jinja's own leaves ``/`` as it is: in a path, ``../admin`` would be somewhere else."""
    if isinstance(value, Mapping | list | tuple):
        return do_urlencode(value)  # a query string: name=value&...
    return quote(str(_spell(value)), safe="")


_ENVIRONMENT = _Sandbox(undefined=_Missing, finalize=_spell, keep_trailing_newline=True, autoescape=False)
_ENVIRONMENT.globals.clear()
_ENVIRONMENT.filters["urlencode"] = _urlencode
for _name in ("center", "format", "indent", "wordwrap", "xmlattr"):  # they make text of any length out of a number
    _ENVIRONMENT.filters.pop(_name, None)


def is_template(text: str) -> bool:
    """Whether there is anything to render."""
    return "{{" in text or "{%" in text


def check(text: str) -> None:
    """Refuse a template that cannot be read. Raises ValueError with the line and the reason."""
    if not is_template(text):
        return
    try:
        _compiled(text)
    except TemplateSyntaxError as error:
        raise ValueError(f"the template cannot be read (line {error.lineno}): {error.message}") from error


def check_expression(text: str) -> None:
    """Refuse an expression that cannot be read. Raises ValueError with the reason."""
    try:
        _ENVIRONMENT.compile_expression(text)
    except TemplateSyntaxError as error:
        raise ValueError(f"the expression cannot be read: {error.message}") from error


def expression(text: str, *, field: str) -> Callable[[Mapping[str, Any]], Any]:
    """A function from variables to the value of an expression such as ``price * 2``, a value of Python and no text.

    Args:
        text: Read by `check_expression` without an error.
        field: Its dotted path, for errors.

    Raises:
        PermanentError: The function does, when a variable is missing or the expression fails.
    """
    evaluate = _ENVIRONMENT.compile_expression(text, undefined_to_none=False)

    def value_of(variables: Mapping[str, Any]) -> Any:
        try:
            value = evaluate(variables)
            if isinstance(value, Undefined):
                value = str(value)  # raises, with the words that say what is missing
        except (TemplateError, *_EXPRESSION_ERRORS) as error:
            raise PermanentError(f"{field}: the expression failed: {error}", code="template") from error
        return value

    return value_of


def variables_of(work: Work) -> dict[str, Any]:
    """What templates may name: ``parameters``, ``run`` and ``payload``."""
    return {
        "parameters": Scope("parameters", work.run_parameters),
        "run": Scope("run", {"id": work.run_id, "job": work.job_key, "workspace": work.workspace}),
        "payload": Scope("payload", {"position": work.position, "name": work.name, "attempt": work.attempt}),
    }


def render(value: Any, *, field: str, variables: Mapping[str, Any]) -> Any:
    """Render every string of a value, however deep in lists and objects; keys and other values stay as they are.

    Args:
        value: JSON-ready data.
        field: The dotted path of the value in the payload's parameters, for errors.
        variables: As `variables_of` gives them.

    Raises:
        PermanentError: A value that the template names is missing, or the expression fails; says the field.
    """
    if isinstance(value, str):
        return render_text(value, field=field, variables=variables)
    if isinstance(value, Mapping):
        return {key: render(item, field=f"{field}.{key}", variables=variables) for key, item in value.items()}
    if isinstance(value, list):
        return [render(item, field=f"{field}.{at}", variables=variables) for at, item in enumerate(value)]
    return value


def render_text(text: str, *, field: str, variables: Mapping[str, Any]) -> str:
    """Render one string; see `render`. Text without ``{{`` and ``{%`` is returned as it is."""
    if not is_template(text):
        return text
    try:
        rendered = _compiled(text).render(variables)
    except (TemplateError, *_EXPRESSION_ERRORS) as error:
        raise PermanentError(
            f"{field}: the template failed: {error}", code="template", details={"field": field}
        ) from error
    if len(rendered) > MAX_RENDERED_CHARACTERS:
        raise PermanentError(f"{field}: the template made more than 16 MiB", code="template", details={"field": field})
    return rendered


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)

"""From what is said of an operation to its part of the OpenAPI document. Registered as REST framework's DEFAULT_SCHEMA_CLASS."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.urls.converters import IntConverter, get_converters
from drf_spectacular.drainage import warn
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.views import APIView

from jobs.api.described import conventions
from jobs.api.described.operation import PLAIN_PROBLEMS, PROBLEM, Answer, Operation, Parameter, operation_of
from jobs.api.described.parts import HEADERS, OF_PROBLEMS, PATH, Problem
from jobs.api.described.shape import NAMED
from jobs.api.keyed import REPLAYED

JSON = Any
_PLACE = re.compile(r"<(?P<converter>\w+):(?P<name>\w+)>")


class DescribedSchema(AutoSchema):
    """Writes what `jobs.api.described.operation.described` was told; `jobsproject.openapi` puts in the shapes that are named."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, JSON] | None:
        """The operation; None, and a warning, for a method that nothing is said of."""
        view = type(self.view)
        said = operation_of(view, method.lower())
        if said is None:
            warn(f"{view.__name__}.{method.lower()} is not described; see docs/reference/openapi.md")
            return None
        places = list(_path_parameters(path_regex, said))
        return {
            "operationId": said.id,
            "tags": [said.tag],
            "summary": said.summary,
            **({"deprecated": True} if "Deprecation" in getattr(view, "standing_headers", {}) else {}),
            "description": _description(said, view, method),
            **_needed(view, method),
            "parameters": [*places, *map(_parameter, conventions.parameters(view, method, said))],
            **_body(said),
            "security": [] if said.public else [{"bearer": []}, {"session": []}],
            "responses": {
                **{str(status): _answer(each, view, method, said) for status, each in said.answers.items()},
                **{str(status): _problem(status, words) for status, words in said.problems.items()},
                **{
                    str(status): {"$ref": f"#/components/responses/{PLAIN_PROBLEMS[status].name}"}
                    for status in conventions.usual_problems(view, method, said, in_path=bool(places))
                },
            },
        }


def problem_answers() -> dict[str, JSON]:
    """The components of the answers that mean the same everywhere."""
    return {plain.name: _problem(status, plain.says) for status, plain in PLAIN_PROBLEMS.items()}


def _needed(view: type[APIView], method: str) -> dict[str, str]:
    role, scope = conventions.role_and_scope(view, method)
    return {name: each.value for name, each in (("x-role", role), ("x-scope", scope)) if each is not None}


def _description(said: Operation, view: type[APIView], method: str) -> str:
    words = said.says or (inspect.getdoc(getattr(view, method.lower())) or "").replace("``", "`")
    role, scope = conventions.role_and_scope(view, method)
    needed = [f"Role: {role.value}."] if role else []
    needed += [f"Scope of a token: `{scope.value}`."] if scope else []
    return "\n\n".join([words, " ".join(needed)]).rstrip()


def _path_parameters(path_regex: str, said: Operation) -> Iterator[dict[str, JSON]]:
    for place in _PLACE.finditer(path_regex):
        kind, name = place["converter"], place["name"]
        converter = get_converters()[kind]
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": inspect.getdoc(converter) or "",
            "schema": _path_schema(converter),
            "example": said.path.get(name, PATH.get(kind)),
        }


def _path_schema(converter: Any) -> dict[str, JSON]:
    if isinstance(converter, IntConverter):
        digits = int(converter.regex.rpartition(",")[2].rstrip("}"))
        return {"type": "integer", "minimum": 0, "maximum": 10**digits - 1}
    return {"type": "string", "pattern": f"^{converter.regex}$"}


def _parameter(said: Parameter) -> dict[str, JSON]:
    return {
        "name": said.name,
        "in": said.place,
        **({"required": True} if said.required else {}),
        "description": said.says,
        "schema": dict(said.schema),
        **({} if said.example is None else {"example": said.example}),
    }


def _body(said: Operation) -> dict[str, JSON]:
    if said.body is None:
        return {}
    content = {"schema": {NAMED: said.body}, "example": said.example}
    return {"requestBody": {"required": said.body_required, "content": {"application/json": content}}}


def _answer(answer: Answer, view: type[APIView], method: str, said: Operation) -> dict[str, JSON]:
    told: dict[str, JSON] = {"description": answer.says}
    headers = [*answer.headers, *([REPLAYED] if conventions.takes_key(view, method) else [])]
    if headers:
        told["headers"] = _headers(headers)
    if answer.shape is not None:
        schema = dict(answer.shape) if isinstance(answer.shape, Mapping) else {NAMED: answer.shape}
        if conventions.has_other_forms(view, method, said):
            schema = {"anyOf": [schema, {NAMED: conventions.OtherForm}]}
        told["content"] = {media: {"schema": schema, "example": answer.shown} for media in answer.media_types}
    return told


def _headers(names: Any) -> dict[str, JSON]:
    assert set(names) <= set(HEADERS), f"jobs.api.described.parts.HEADERS lacks one of {names}"
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem(status: int, words: str) -> dict[str, JSON]:
    example = Problem.EXAMPLE if status == 400 else {"status": status, "detail": words, "errors": []}
    headers = OF_PROBLEMS.get(status, ())
    return {
        "description": words,
        **({"headers": _headers(headers)} if headers else {}),
        "content": {PROBLEM: {"schema": {NAMED: Problem}, "example": example}},
    }

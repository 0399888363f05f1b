"""From what is said of an operation to its part of the OpenAPI document. Registered as REST framework's DEFAULT_SCHEMA_CLASS."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.urls.converters import IntConverter, get_converters
from drf_spectacular.drainage import warn
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry

from jobs.api.base import WorkspaceView
from jobs.api.described.operation import PLAIN_PROBLEMS, PROBLEM, Answer, Operation, Parameter, operation_of
from jobs.api.described.parts import HEADERS, OF_PROBLEMS, PATH, Problem
from jobs.api.described.shape import NAMED
from jobs.models import Role

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
        role = view.roles.get(method, Role.VIEWER) if issubclass(view, WorkspaceView) else None
        return {
            "operationId": said.id,
            "tags": [said.tag],
            "summary": said.summary,
            "description": _description(said, getattr(view, method.lower()), role),
            **({} if role is None else {"x-role": role.value}),
            "parameters": [*_path_parameters(path_regex, said), *map(_parameter, said.parameters)],
            **_body(said),
            "security": [] if said.public else [{"bearer": []}, {"session": []}],
            "responses": {str(status): each for status, each in _answers(said, in_workspace=role is not None)},
        }


def problem_answers() -> dict[str, JSON]:
    """The components of the answers that mean the same everywhere."""
    return {_problem_name(status): _problem(status, words) for status, words in PLAIN_PROBLEMS.items()}


def _description(said: Operation, method: object, role: Role | None) -> str:
    words = said.says or (inspect.getdoc(method) or "").replace("``", "`")
    return words if role is None else f"{words}\n\nRole: {role.value}."


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


def _answers(said: Operation, *, in_workspace: bool) -> Iterator[tuple[int, dict[str, JSON]]]:
    yield from ((status, _answer(answer)) for status, answer in said.answers.items())
    yield from ((status, _problem(status, words)) for status, words in said.problems.items())
    for status in _usual_problems(said, in_workspace=in_workspace):
        yield status, {"$ref": f"#/components/responses/{_problem_name(status)}"}


def _usual_problems(said: Operation, *, in_workspace: bool) -> Iterator[int]:
    if said.body is not None or any(parameter.place == "query" for parameter in said.parameters):
        yield 400
    if in_workspace:
        yield from (401, 403, 404)
    if said.body is not None:
        yield from (413, 415)
    if in_workspace:
        yield 503


def _answer(said: Answer) -> dict[str, JSON]:
    answer: dict[str, JSON] = {"description": said.says}
    if said.headers:
        answer["headers"] = _headers(said.headers)
    if said.shape is not None:
        schema = dict(said.shape) if isinstance(said.shape, Mapping) else {NAMED: said.shape}
        answer["content"] = {media: {"schema": schema, "example": said.shown} for media in said.media_types}
    return answer


def _headers(names: Any) -> dict[str, JSON]:
    assert set(names) <= set(HEADERS), f"jobs.api.described.parts.HEADERS lacks one of {names}"
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem_name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")


def _problem(status: int, words: str) -> dict[str, JSON]:
    title = HTTPStatus(status).phrase
    example = {"type": "about:blank", "title": title, "status": status, "detail": words, "errors": []}
    if status == 400:
        example = Problem.EXAMPLE
    headers = OF_PROBLEMS.get(status, ())
    return {
        "description": words,
        **({"headers": _headers(headers)} if headers else {}),
        "content": {PROBLEM: {"schema": {NAMED: Problem}, "example": example}},
    }

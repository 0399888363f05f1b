"""Reading an OpenAPI document: its operations, their examples, and the schemas with all that they refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

JSON = Any
_PLACE = "urn:api"
_OTHER_FORM = {"$ref": f"{_PLACE}#/components/schemas/OtherForm"}
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Described:
    """One operation as the document has it."""

    path: str
    method: str
    says: Mapping[str, JSON]

    @property
    def id(self) -> str:
        """Its operationId."""
        return str(self.says["operationId"])

    @property
    def address(self) -> str:
        """Its path and query with the values of its example."""
        address, query = self.path, {}
        for parameter in self.says.get("parameters", []):
            if parameter["in"] == "path":
                address = address.replace(f"{{{parameter['name']}}}", quote(str(parameter["example"]), safe=""))
            elif parameter["in"] == "query" and "example" in parameter:
                query[parameter["name"]] = parameter["example"]
        return f"{address}?{urlencode(query)}" if query else address

    @property
    def body(self) -> Mapping[str, JSON] | None:
        """The schema and the example of what is sent; None when nothing is."""
        sent = self.says.get("requestBody")
        content: Mapping[str, JSON] | None = sent and sent["content"]["application/json"]
        return content

    @property
    def success(self) -> tuple[int, Mapping[str, JSON]]:
        """The status that the example is answered with, and what is said of that answer."""
        status, answer = next(iter(self.says["responses"].items()))
        return int(status), answer


def operations(document: Mapping[str, JSON]) -> Iterator[Described]:
    """All operations, in the document's order."""
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield Described(path, method, methods[method])


class Judge:
    """Tells what is wrong with values of the document's schemas."""

    def __init__(self, document: Mapping[str, JSON]) -> None:
        components = _elsewhere({"components": document["components"]})
        self._as_written = _registry(components)
        self._closed = _registry(_closed(components))

    def problems(self, schema: JSON, value: JSON, *, strict: bool = False) -> list[str]:
        """What is wrong with a value of a schema.

        Args:
            schema: Of the value.
            value: JSON.
            strict: Whether a field that the schema does not know is wrong, also where the document leaves readers room for it; and
                another form than the one that is answered when none is asked for.
        """
        own = _elsewhere(schema)
        judge = Draft202012Validator(
            _closed(own) if strict else own,
            registry=self._closed if strict else self._as_written,
            format_checker=FormatChecker(),
        )
        return [f"{'.'.join(map(str, each.absolute_path))}: {each.message[:300]}" for each in judge.iter_errors(value)]


def _registry(components: JSON) -> Registry[JSON]:
    resource = Resource.from_contents(components, default_specification=DRAFT202012)
    made: Registry[JSON] = Registry().with_resource(_PLACE, resource)
    return made


def _elsewhere(part: JSON) -> JSON:
    """The part with its references to the document turned into those to what the registry has."""
    if isinstance(part, Mapping):
        return {name: _elsewhere(each) for name, each in part.items()}
    if isinstance(part, list):
        return [_elsewhere(each) for each in part]
    return _PLACE + part if isinstance(part, str) and part.startswith("#/components/") else part


def _closed(part: JSON) -> JSON:
    """The part with every object of named fields having no others, and without the form that comes only if it is asked for."""
    if isinstance(part, Mapping):
        closed = {name: _closed(each) for name, each in part.items()}
        if part.get("type") == "object" and isinstance(part.get("properties"), Mapping):
            closed.setdefault("additionalProperties", False)
        return closed
    return [_closed(each) for each in part if each != _OTHER_FORM] if isinstance(part, list) else part

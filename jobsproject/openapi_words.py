"""JSON Schemas of pydantic models as the OpenAPI document wants them: docstrings become descriptions, field by field."""

from __future__ import annotations

import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

Schema = dict[str, Any]
_ARGUMENT = re.compile(r"^    (?P<names>\w+(?:, \w+)*): (?P<says>.*(?:\n {8}.*)*)", re.MULTILINE)


class WordedSchema(GenerateJsonSchema):
    """Without titles, which repeat the names, and without defaults that are null, which say nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Without a null."""
        made = super().default_schema(schema)
        if "default" in made and made["default"] is None:
            del made["default"]
        return made


def worded(schema: Schema) -> Schema:
    """A model's schema with the words of its docstring: those under ``Args:`` become the descriptions of its fields."""
    words, _, arguments = schema.get("description", "").partition("Args:\n")
    properties = {name: dict(each) for name, each in schema.get("properties", {}).items()}
    for found in _ARGUMENT.finditer(arguments):
        for name in found["names"].split(", "):
            if name in properties:
                properties[name].setdefault("description", _plain(found["says"]))
    result = {name: value for name, value in schema.items() if name not in ("title", "description")}
    if words.strip():
        result = {"description": _plain(words)} | result
    return result | ({"properties": properties} if properties else {})


def _plain(text: str) -> str:
    """On one line for each paragraph, in Markdown."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(re.sub(r"\s+", " ", each) for each in paragraphs).replace("``", "`")

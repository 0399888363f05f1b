"""What is submitted: a script or a jar with its arguments and configuration; and the command that submits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

TAG = "spark.jobs.tag"
"""The property that says which attempt an application belongs to. Whoever has lost its id finds it by that."""


class Application(NamedTuple):
    """One application.

    Args:
        resource: The Python script or the jar: a path, or an address that Spark reads (hdfs://, s3a://).
        main_class: Of a jar; empty for a script.
        arguments: Its command line.
        configuration: ``spark.*`` properties. No secrets: those go into a file of their own.
        py_files: Python modules and archives that go with a script.
        packages: Maven coordinates, group:artifact:version.
    """

    resource: str
    main_class: str = ""
    arguments: Sequence[str] = ()
    configuration: Mapping[str, str] = MappingProxyType({})
    py_files: Sequence[str] = ()
    packages: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON-ready data; `from_json` reads it."""
        return {**self._asdict(), "configuration": dict(self.configuration)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Application:
        """What `to_json` wrote."""
        return cls(**data)


def submit_command(
    application: Application, *, spark: Path, master: str, properties_file: Path, deploy_mode: str = "client"
) -> list[str]:
    """The spark-submit command. Its configuration is in the file, so that a secret in it is on no command line."""
    return [
        str(spark / "bin" / "spark-submit"),
        *("--master", master, "--deploy-mode", deploy_mode, "--properties-file", str(properties_file)),
        *_option("--class", application.main_class),
        *_option("--py-files", ",".join(application.py_files)),
        *_option("--packages", ",".join(application.packages)),
        application.resource,
        *application.arguments,
    ]


def properties_text(configuration: Mapping[str, str]) -> str:
    """The text of a properties file as java.util.Properties reads it, in ASCII."""
    return "".join(f"{_escaped(name)}={_escaped(value)}\n" for name, value in configuration.items())


def _option(name: str, value: str) -> list[str]:
    return [name, value] if value else []


def _escaped(text: str) -> str:
    return "".join(_escaped_character(character) for character in text)


def _escaped_character(character: str) -> str:
    """By its UTF-16 units where it is not plain: that is what the format knows. Source: java.util.Properties.load"""
    if character.isascii() and (character.isalnum() or character in "._-/"):
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))

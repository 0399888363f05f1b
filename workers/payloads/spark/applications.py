"""From a payload's parameters to the application that is submitted."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings

from jobs.errors import PermanentError
from workers.payloads.spark import files
from workers.payloads.spark.parameters import Aggregation, Data, SparkParameters
from workers.payloads.spark.targets import Target
from workers.spark import application
from workers.spark.application import TAG, Application

_LISTS_OF_FILES = ("spark.jars", "spark.files")
_REDACTED = "(?i)secret|password|token|access[.]?key"
"""What Spark redacts by itself. Source: spark.redaction.regex in https://spark.apache.org/docs/latest/configuration.html"""
_MAX_SPECIFICATION_BYTES = 128_000
AGGREGATION_SCRIPT = Path(application.__file__).with_name("aggregation.py")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be submitted. ``script`` is the text of the script where it is no file."""

    application: Application
    script: str | None = None

    def with_properties(self, own: Mapping[str, str]) -> Wanted:
        """The same with these properties, which win over the payload's."""
        configuration = {**self.application.configuration, **own}
        return replace(self, application=self.application._replace(configuration=configuration))


def wanted_of(parameters: SparkParameters, *, target: Target, tag: str, key: str) -> Wanted:
    """The application of these parameters.

    Args:
        tag: By which it is found again.
        key: The same for every attempt at the payload: an aggregation's output is written once for it.

    Raises:
        PermanentError: A file or a package is not allowed, or not there.
    """
    _check_packages(parameters.packages)
    resource, script, arguments = _program(parameters, target=target, key=key)
    return Wanted(
        Application(
            resource=resource,
            main_class=parameters.jar.main_class if parameters.jar else "",
            arguments=arguments,
            configuration={
                "spark.app.name": tag,
                **target.configuration,
                **{name: _checked(name, str(value), target) for name, value in parameters.configuration.items()},
                **_redaction(parameters.secret_configuration),
                TAG: tag,
            },
            py_files=[_existing(path, "py_files", target) for path in parameters.py_files],
            packages=parameters.packages,
        ),
        script,
    )


def _checked(name: str, value: str, target: Target) -> str:
    """A property's value; where it lists files, those must be allowed, too."""
    if name not in _LISTS_OF_FILES:
        return value
    return ",".join(_existing(path.strip(), f"configuration.{name}", target) for path in value.split(","))


def _redaction(secret_configuration: Mapping[str, str]) -> Mapping[str, str]:
    """So that Spark keeps these properties' values out of its event log and its pages."""
    if not secret_configuration:
        return {}
    return {"spark.redaction.regex": "|".join([_REDACTED, *(re.escape(name) for name in sorted(secret_configuration))])}


def _program(parameters: SparkParameters, *, target: Target, key: str) -> tuple[str, str | None, Sequence[str]]:
    """The resource, the script's text where it is no file, and the arguments."""
    if parameters.aggregation:
        specification = json.dumps(_aggregation(parameters.aggregation, target=target, key=key))
        if len(specification) > _MAX_SPECIFICATION_BYTES:
            raise PermanentError(
                f"aggregation: it has {len(specification):,} bytes as JSON, and may have {_MAX_SPECIFICATION_BYTES:,}",
                code="parameters",
            )
        if target.is_local:
            return str(AGGREGATION_SCRIPT), None, [specification]
        return "", AGGREGATION_SCRIPT.read_text(encoding="utf-8"), [specification]
    if parameters.jar:
        return _existing(parameters.jar.file, "jar.file", target), None, parameters.arguments
    assert parameters.python is not None
    if parameters.python.file is not None:
        return _existing(parameters.python.file, "python.file", target), None, parameters.arguments
    return "", parameters.python.text, parameters.arguments


def _aggregation(wanted: Aggregation, *, target: Target, key: str) -> dict[str, Any]:
    inputs = {name: _data(each, f"aggregation.inputs.{name}", target) for name, each in wanted.inputs.items()}
    output = {**_data(wanted.output, "aggregation.output", target), "partition_by": wanted.output.partition_by}
    return {
        "inputs": inputs,
        "sql": wanted.sql,
        "rollup_sql": wanted.rollup_sql,
        "output": output,
        "parameters": wanted.parameters,
        "skip_if_empty": wanted.skip_if_empty,
        "key": key,
    }


def _data(data: Data, field: str, target: Target) -> dict[str, Any]:
    path = files.located(data.path, roots=_roots(), field=f"{field}.path", remote=not target.is_local)
    return {"path": path, "format": data.format, "options": data.options}


def _existing(path: str, field: str, target: Target) -> str:
    return files.existing(path, roots=_roots(), field=field, remote=not target.is_local)


def _check_packages(packages: Sequence[str]) -> None:
    allowed = settings.JOBS_SPARK_PACKAGES
    for package in packages:
        if not any(fnmatch.fnmatchcase(package, pattern) for pattern in allowed):
            raise PermanentError(
                f"packages: {package} is not among the packages that this deployment allows"
                f" ({', '.join(allowed) or 'none'}); whoever runs it sets JOBS_SPARK_PACKAGES",
                code="package_refused",
            )


def _roots() -> list[Path]:
    return list(settings.JOBS_FILE_ROOTS)

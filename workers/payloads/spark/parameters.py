"""The parameters of a spark payload. Pure: nothing is looked up, opened or connected to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from jobs.documents import Strict

_OURS = {
    "spark.master": "the target says it",
    "spark.submit.deployMode": "the target says it",
    "spark.jars.packages": "name them in packages",
    "spark.jars.repositories": "whoever runs this system chooses where packages come from",
    "spark.jars.ivySettings": "whoever runs this system chooses where packages come from",
    "spark.submit.pyFiles": "name them in py_files",
    "spark.archives": "files that spark-submit reads are those of the machine that submits",
    "spark.yarn.keytab": "files that spark-submit reads are those of the machine that submits",
    "spark.kerberos.keytab": "files that spark-submit reads are those of the machine that submits",
    "spark.yarn.tags": "this system tags what it submits",
    "spark.kubernetes.driver.pod.name": "this system names the pod, so that it finds it again",
}
_OWN_PREFIXES = ("spark.jobs.", "spark.eventLog.")
_READS_FILES = re.compile(
    r"spark\.yarn\.dist\..*|spark\.yarn\.(jars|archive)|spark\.kubernetes\..*(File|Path)|spark\.ssl\..*"
)


def _property(name: str) -> str:
    if not name.startswith("spark."):
        raise ValueError(f"expected a property of Spark, which begins with spark., not {name!r}")
    if name in _OURS:
        raise ValueError(f"{name} cannot be set here: {_OURS[name]}")
    if name.startswith(_OWN_PREFIXES):
        raise ValueError(f"{name} cannot be set here: this system uses it itself")
    if _READS_FILES.fullmatch(name):
        raise ValueError(
            f"{name} cannot be set here: files that spark-submit reads are those of the machine that submits"
        )
    return name


def _secret_property(name: str) -> str:
    if name.endswith("JavaOptions"):
        raise ValueError(f"{name} cannot be a secret: it is on the driver's command line")
    return name


def _coordinates(value: str) -> str:
    if not re.fullmatch(r"[\w.-]+:[\w.-]+:[\w.-]+", value):
        raise ValueError(f"expected Maven coordinates, group:artifact:version, not {value!r}")
    return value


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise ValueError("expected text, a number, true or false")
    return str(value)


Property = Annotated[str, Field(max_length=200), AfterValidator(_property)]
Value = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | int | float | bool)]
Location = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00,]*$")]
"""Without a comma: Spark takes several locations as one text with commas."""
Text = Annotated[str, Field(min_length=1, max_length=262_144)]
Sql = Annotated[str, Field(min_length=1, max_length=50_000)]
"""It is a part of one argument of a process, which may have 128 KiB."""
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
SecretName = Annotated[str, Field(min_length=1, max_length=100)]
DataFormat = Literal["parquet", "csv", "json", "orc"]


class Python(Strict):
    """A PySpark script: its text, or the file it is in."""

    text: Text | None = None
    file: Location | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Python:
        if (self.text is None) == (self.file is None):
            raise ValueError("expected exactly one of text and file")
        return self


class Jar(Strict):
    """A compiled application."""

    file: Location
    main_class: Annotated[str, Field(pattern=r"^[\w$]+(\.[\w$]+)*$", max_length=300)]


class Data(Strict):
    """Rows in files: a file or a folder, their format, and options as Spark's reader and writer take them."""

    path: Location
    format: DataFormat = "parquet"
    options: dict[Annotated[str, Field(min_length=1, max_length=100)], Value] = Field(default_factory=dict)


class OutputData(Data):
    """Where the rows go."""

    partition_by: list[Identifier] = Field(default_factory=list, max_length=20)


class Aggregation(Strict):
    """SQL over inputs, rolled up with what the output holds already."""

    inputs: Annotated[dict[Identifier, Data], Field(min_length=1, max_length=50)]
    sql: Sql
    rollup_sql: Sql | None = None
    output: OutputData
    parameters: dict[Identifier, str | int | float | bool | None] = Field(default_factory=dict)
    skip_if_empty: bool = False


class SparkParameters(Strict):
    """What to run, where, and with what: exactly one of ``python``, ``jar`` and ``aggregation``.

    Args:
        target: Where it runs: a name that the deployment gives.
        python: A script: ``{"text": "..."}`` or ``{"file": "jobs/report.py"}``.
        jar: ``{"file": "app.jar", "main_class": "com.example.Main"}``.
        aggregation: SQL over files: ``{"inputs": {"clicks": {"path": "clicks/", "format": "json"}}, "sql": "SELECT ...",
            "output": ...}``.
        arguments: The command line of a script or a jar: ``["2026-01-01"]``.
        configuration: Properties: ``{"spark.executor.memory": "2g"}``. They win over the target's.
        py_files: Modules and archives that go with a script.
        packages: Maven coordinates that the deployment permits.
        secrets: Names of secrets that a script reads from the file that JOBS_SECRETS_FILE names.
        secret_configuration: Properties whose values are secrets: ``{"spark.hadoop.fs.s3a.secret.key": NAME}``.
    """

    target: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")] = "local"
    python: Python | None = None
    jar: Jar | None = None
    aggregation: Aggregation | None = None
    arguments: list[Annotated[str, Field(max_length=10_000)]] = Field(default_factory=list, max_length=1000)
    configuration: dict[Property, Value] = Field(default_factory=dict)
    py_files: list[Location] = Field(default_factory=list, max_length=100)
    packages: list[Annotated[str, AfterValidator(_coordinates)]] = Field(default_factory=list, max_length=100)
    secrets: list[SecretName] = Field(default_factory=list, max_length=100)
    secret_configuration: dict[Annotated[Property, AfterValidator(_secret_property)], SecretName] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _one_application(self) -> SparkParameters:
        if [self.python, self.jar, self.aggregation].count(None) != 2:
            raise ValueError("expected exactly one of python, jar and aggregation")
        if "ivy:" in self.configuration.get("spark.jars", ""):
            raise ValueError("configuration: spark.jars takes files; name Maven packages in packages")
        if self.aggregation and self.arguments:
            raise ValueError("arguments are for python and jar; an aggregation has parameters")
        return self


def secrets_of(parameters: Mapping[str, Any]) -> list[str]:
    """The names of the secrets that valid parameters use."""
    wanted = SparkParameters.model_validate(parameters)
    return sorted({*wanted.secrets, *wanted.secret_configuration.values()})

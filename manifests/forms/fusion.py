"""Fusion: schedule objects, and the objects behind its jobs (tasks, Spark configurations, datasources) as far as they map."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jobs.errors import FieldError
from manifests.forms.converted import Converted, converted, given, objects, others

DEFAULT_DAYS = 30
_AUDIT_SPARED = '-logger_class_s:"com.lucidworks.cloud.gateway.audit"'
"""The query that a log cleanup has when it says none: audit entries stay, as they do here."""
_RESULTS = {"runOnSuccess": "succeeded", "runOnFailure": "failed", "runOnAbort": "cancelled"}
_METHODS = ("get", "post", "put", "delete")
_SPARK_TYPES = ("aggregation", "script", "custom_python_job", "custom_spark_scala_job", "parallel-bulk-loader")
_TRIGGERS: Mapping[str, tuple[str, ...]] = {
    "interval": ("type", "enabled", "startTime", "endTime", "interval", "repeatUnit"),
    "cron": ("type", "enabled", "expression", "value"),
    "job": ("type", "enabled", "jobID", *_RESULTS),
}


def recognised(data: Mapping[str, Any]) -> bool:
    """True for a schedule (``resource``, ``triggers``), a task, a Spark configuration and a datasource."""
    return (
        {"resource", "triggers"} <= data.keys()
        or data.get("type") in ("rest-call", "system-logs-cleanup")
        or ("id" in data and (data.get("type") in _SPARK_TYPES or "sparkConfig" in data))
        or {"id", "connector"} <= data.keys()
    )


def convert(data: Mapping[str, Any]) -> Converted:
    """A schedule of the job that it names, or a job."""
    if "resource" in data and "triggers" in data:
        return _schedule(data)
    if data.get("type") == "rest-call":
        return _rest_call(data)
    if data.get("type") == "system-logs-cleanup":
        return _cleanup(data)
    if "connector" in data:
        return _datasource(data)
    if "sparkConfig" in data or data.get("type") in _SPARK_TYPES:
        return _spark(data)
    message = "expected a schedule (resource, triggers), a task, a Spark configuration or a datasource of Fusion"
    return converted([], [FieldError("", message)])


def _schedule(data: Mapping[str, Any]) -> Converted:
    """``default`` only says that it came with the product."""
    problems = list(others(data, ("resource", "enabled", "default", "triggers"), "a schedule of Fusion"))
    triggers = [
        _trigger(each, f"triggers.{at}", problems)
        for at, each in enumerate(objects(data.get("triggers"), "triggers", problems))
    ]
    document = {
        "manifest": "schedule",
        "job": data.get("resource"),
        "enabled": data.get("enabled", True),
        "timezone": "UTC",
        "triggers": triggers,
    }
    return converted([document], problems)


def _trigger(data: Mapping[str, Any], path: str, problems: list[FieldError]) -> dict[str, Any]:
    kind = str(data.get("type"))
    if kind not in _TRIGGERS:
        problems.append(FieldError(f"{path}.type", f"expected one of {', '.join(_TRIGGERS)}"))
        return {}
    problems += others(data, _TRIGGERS[kind], f"a trigger of type {kind}", f"{path}.")
    common = {"type": kind, "enabled": data.get("enabled", True)}
    if kind == "cron":
        return {**common, "expression": data.get("expression", data.get("value"))}
    if kind == "job":
        return {**common, "jobs": [data.get("jobID")], "results": _results(data, path, problems)}
    bounds = given(start=data.get("startTime"), end=data.get("endTime"))
    return {**common, "interval": data.get("interval"), "unit": data.get("repeatUnit"), **bounds}


def _results(data: Mapping[str, Any], path: str, problems: list[FieldError]) -> list[str]:
    found = [result for flag, result in _RESULTS.items() if data.get(flag) is True]
    if not found:
        message = f"expected at least one of {', '.join(_RESULTS)} to be true: otherwise it never fires"
        problems.append(FieldError(path, message))
    return found


def _rest_call(data: Mapping[str, Any]) -> Converted:
    problems = list(others(data, ("id", "type", "hidden", "callParams"), "a REST call of Fusion"))
    call = data.get("callParams")
    if not isinstance(call, Mapping):
        return converted([], [*problems, FieldError("callParams", "expected an object with uri and method")])
    problems += others(call, ("uri", "method", "queryParams", "headers", "entity"), "a call", "callParams.")
    if str(call.get("method", "")).lower() not in _METHODS:
        problems.append(FieldError("callParams.method", f"expected one of {', '.join(_METHODS)}"))
    problems += _address_problems(call.get("uri"))
    parameters = given(
        method=str(call.get("method")).upper(),
        url=call.get("uri"),
        query=call.get("queryParams"),
        headers=call.get("headers"),
        body={"text": call["entity"]} if call.get("entity") else None,
    )
    hidden = {"metadata": {"hidden": True}} if data.get("hidden") else {}
    return _job("task", data, [{"kind": "http", "name": "call", "parameters": parameters}], problems, **hidden)


def _address_problems(uri: object) -> list[FieldError]:
    if isinstance(uri, str) and re.match("https?://", uri):
        return []
    message = "expected an http or https address: addresses of Fusion's own services and of Solr lead nowhere from here"
    return [FieldError("callParams.uri", message)]


def _cleanup(data: Mapping[str, Any]) -> Converted:
    """What it cleans here is the history of runs; of Fusion's logs there are none."""
    problems = list(others(data, ("id", "type", "collection", "days", "query"), "a log cleanup of Fusion"))
    if data.get("query", _AUDIT_SPARED) != _AUDIT_SPARED:
        message = "a query of Solr cannot be converted: say with jobs, job_types, states and audit what is erased"
        problems.append(FieldError("query", message))
    parameters = {"days": data.get("days", DEFAULT_DAYS)}
    return _job("task", data, [{"kind": "log_cleanup", "name": "cleanup", "parameters": parameters}], problems)


def _spark(data: Mapping[str, Any]) -> Converted:
    """A script or a jar runs here as it is; what reads and writes collections does not."""
    kind = str(data.get("type"))
    known = ("id", "type", "sparkConfig", "updates", "script", "resourceName", "mainClass", "args", "pythonFiles")
    problems: list[FieldError] = []
    application: dict[str, Any] = {}
    if kind == "custom_python_job":
        problems += others(data, (*known, "verboseReporting"), "a Python job of Fusion")
        application = {"python": _python(data, problems)}
    elif kind == "custom_spark_scala_job":
        problems += others(data, known, "a Spark job of Fusion")
        application = {"jar": {"file": data.get("resourceName"), "main_class": data.get("mainClass")}}
    else:
        message = (
            f"{kind} works on collections, which are not here: write it as an aggregation over files, or as a script"
        )
        problems.append(FieldError("type", message))
    configuration = {
        str(each.get("key")): each.get("value") for each in objects(data.get("sparkConfig"), "sparkConfig", problems)
    }
    parameters = {**application, **given(arguments=data.get("args"), py_files=data.get("pythonFiles"))}
    if configuration:
        parameters["configuration"] = configuration
    return _job("spark", data, [{"kind": "spark", "name": "application", "parameters": parameters}], problems)


def _python(data: Mapping[str, Any], problems: list[FieldError]) -> dict[str, Any]:
    if isinstance(data.get("script"), str):
        return {"text": data["script"]}
    if isinstance(data.get("resourceName"), str):
        return {"file": data["resourceName"]}
    problems.append(FieldError("script", "expected the script's text, or resourceName with its file"))
    return {}


def _datasource(data: Mapping[str, Any]) -> Converted:
    """Its collection becomes a table of this system's database; what is not a file to read has no counterpart."""
    known = ("id", "connector", "type", "pipeline", "parserId", "collection", "description", "properties")
    problems = list(others(data, known, "a datasource of Fusion"))
    properties = data.get("properties")
    location = properties.get("path", properties.get("url")) if isinstance(properties, Mapping) else None
    if not isinstance(location, str):
        message = (
            f"properties of the connector {data.get('connector')} cannot be converted: expected path or url of a file of"
            " rows; others are written as a datasource of this system, with source and destination"
        )
        problems.append(FieldError("properties", message))
    elif isinstance(properties, Mapping):
        problems += others(properties, ("path", "url"), "a datasource that reads a file", "properties.")
    problems += [
        FieldError(name, "what a pipeline or a parser does to rows cannot be converted: say fields, types and rename")
        for name in ("pipeline", "parserId")
        if data.get(name)
    ]
    table = re.sub(r"[^A-Za-z0-9_]", "_", str(data.get("collection") or data.get("id")))
    parameters = {"source": {"path": location}, "destination": {"postgresql": {"database": "default", "table": table}}}
    payload = [{"kind": "datasource", "name": str(data.get("id")), "parameters": parameters}]
    return _job("datasource", data, payload, problems, **given(description=data.get("description")))


def _job(
    job_type: str, data: Mapping[str, Any], payload: list[dict[str, Any]], problems: list[FieldError], **more: Any
) -> Converted:
    if not isinstance(data.get("id"), str):
        problems.append(FieldError("id", "expected the object's id"))
    return converted([{"key": f"{job_type}:{data.get('id')}", "payload": payload, **more}], problems)

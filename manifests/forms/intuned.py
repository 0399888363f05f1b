"""Intuned: job JSON, as its API takes it and its project files hold it.

Its APIs are functions that its platform runs; here they are calls. ``api_base`` beside the job says where: the payload ``NAME``
becomes a POST of its parameters to ``{api_base}/NAME``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from jobs.errors import FieldError
from manifests.forms.converted import Converted, converted, given, objects, others

API_BASE = "api_base"
DEFAULT_TIMEOUT_SECONDS = 600
_FIELDS = (
    "id", "payload", "configuration", "schedule", "sink", "auth_session", "notifications", "proxy", API_BASE,
)  # fmt: skip
_CONFIGURATION = ("retry", "maxConcurrentRequests", "requestTimeout", "maxRuns", "proxy")
_ITEM = ("apiName", "parameters", "requestTimeout", "retry")
_RETRY = ("maximumAttempts", "initialInterval", "maximumInterval", "backoffCoefficient")
_SCHEDULE = ("jitter", "intervals", "calendars")
_WEBHOOK = ("type", "url", "headers", "skipOnFail", "apisToSend")
_S3 = (
    "type", "bucket", "accessKeyId", "secretAccessKey", "region", "prefix", "endpoint", "forcePathStyle", "skipOnFail",
    "apisToSend",
)  # fmt: skip


def recognised(data: Mapping[str, Any]) -> bool:
    """True for an object with an id and a payload of which each item names an API."""
    payload = data.get("payload")
    return (
        "id" in data
        and isinstance(payload, list)
        and bool(payload)
        and all(isinstance(item, Mapping) and "apiName" in item for item in payload)
    )


def convert(data: Mapping[str, Any]) -> Converted:
    """The job ``task:ID``."""
    problems = list(others(data, _FIELDS, "an Intuned job"))
    problems += _impossible(data)
    if not isinstance(data.get("id"), str):
        problems.append(FieldError("id", "expected the job's id"))
    configuration = _object(data.get("configuration"), "configuration", problems)
    problems += others(configuration, _CONFIGURATION, "a configuration", "configuration.")
    proxy = data.get("proxy") or configuration.get("proxy")
    document: dict[str, Any] = {
        "key": f"task:{data.get('id')}",
        "payload": [
            _item(item, f"payload.{at}", data.get(API_BASE), proxy, problems)
            for at, item in enumerate(objects(data.get("payload"), "payload", problems))
        ],
        "configuration": _configuration(configuration, problems),
    }
    if data.get("schedule") is not None:
        document["schedules"] = [_schedule(_object(data["schedule"], "schedule", problems), problems)]
    if data.get("sink") is not None:
        document["sinks"] = [_sink(_object(data["sink"], "sink", problems), problems)]
    return converted([document], problems)


def _impossible(data: Mapping[str, Any]) -> list[FieldError]:
    found = []
    if data.get("auth_session") is not None:
        message = "cannot be converted: give the calls auth, with the names of secrets, instead"
        found.append(FieldError("auth_session", message))
    if data.get("notifications"):
        message = "cannot be converted, for their messages differ: write a sink and a notice_rule that tells through it"
        found.append(FieldError("notifications", message))
    if not isinstance(data.get(API_BASE), str):
        message = "APIs are calls here: say beside the job where they are, such as https://apis.example.org"
        found.append(FieldError(API_BASE, message))
    return found


def _configuration(configuration: Mapping[str, Any], problems: list[FieldError]) -> dict[str, Any]:
    return given(
        retry=_retry(configuration.get("retry"), "configuration.retry", problems),
        max_concurrent_requests=configuration.get("maxConcurrentRequests"),
        timeout=_seconds(configuration.get("requestTimeout"), "configuration.requestTimeout", problems),
        max_payloads=configuration.get("maxRuns"),
    )


def _item(
    item: Mapping[str, Any], path: str, base: object, proxy: object, problems: list[FieldError]
) -> dict[str, Any]:
    problems += others(item, _ITEM, "a payload", f"{path}.")
    name = item.get("apiName")
    if not isinstance(name, str) or not name:
        problems.append(FieldError(f"{path}.apiName", "expected the name of an API"))
    url = f"{str(base).rstrip('/')}/{quote(str(name), safe='/')}"
    call = {"method": "POST", "url": url, "body": {"json": item.get("parameters") or {}}}
    return given(
        kind="http",
        name=name,
        parameters={**call, **given(proxy=proxy)},
        retry=_retry(item.get("retry"), f"{path}.retry", problems),
        timeout=_seconds(item.get("requestTimeout"), f"{path}.requestTimeout", problems),
    )


def _retry(value: object, path: str, problems: list[FieldError]) -> dict[str, Any] | None:
    if value is None:
        return None
    retry = _object(value, path, problems)
    problems += others(retry, _RETRY, "a retry policy", f"{path}.")
    return given(
        maximum_attempts=retry.get("maximumAttempts"),
        initial_interval=retry.get("initialInterval"),
        maximum_interval=retry.get("maximumInterval"),
        backoff_coefficient=retry.get("backoffCoefficient"),
    )


def _schedule(schedule: Mapping[str, Any], problems: list[FieldError]) -> dict[str, Any]:
    """Without a zone it is UTC. All that is given fires: a union."""
    problems += others(schedule, _SCHEDULE, "a schedule", "schedule.")
    intervals = objects(schedule.get("intervals"), "schedule.intervals", problems)
    triggers: list[dict[str, Any]] = [{"type": "every", "every": each.get("every")} for each in intervals]
    calendars = objects(schedule.get("calendars"), "schedule.calendars", problems)
    if calendars:
        triggers.append({"type": "calendar", "calendars": [dict(each) for each in calendars]})
    if not triggers:
        problems.append(FieldError("schedule", "expected intervals or calendars: without them it never fires"))
    return {"timezone": "UTC", "triggers": triggers, **given(jitter=schedule.get("jitter"))}


def _sink(sink: Mapping[str, Any], problems: list[FieldError]) -> dict[str, Any]:
    kind = sink.get("type")
    known = {"webhook": _WEBHOOK, "s3": _S3}.get(str(kind))
    if known is None:
        problems.append(FieldError("sink.type", "expected webhook or s3"))
        return {}
    problems += others(sink, known, f"a sink of type {kind}", "sink.")
    configuration = (
        given(url=sink.get("url"), headers=sink.get("headers")) if kind == "webhook" else _s3(sink, problems)
    )
    return given(
        kind=kind,
        configuration=configuration,
        skip_on_fail=sink.get("skipOnFail"),
        apis_to_send=sink.get("apisToSend"),
        deliver="payload",
    )


def _s3(sink: Mapping[str, Any], problems: list[FieldError]) -> dict[str, Any]:
    return given(
        bucket=sink.get("bucket"),
        region=sink.get("region"),
        prefix=sink.get("prefix"),
        endpoint_url=sink.get("endpoint"),
        path_style=sink.get("forcePathStyle"),
        access_key_secret=_named(sink, "accessKeyId", problems),
        secret_key_secret=_named(sink, "secretAccessKey", problems),
    )


def _named(sink: Mapping[str, Any], name: str, problems: list[FieldError]) -> Any:
    """Where Intuned has the value of a key, the name of a secret must stand: ``{secret: NAME}``."""
    value = sink.get(name)
    if isinstance(value, Mapping) and value.keys() == {"secret"}:
        return value["secret"]
    problems.append(
        FieldError(f"sink.{name}", "expected {secret: NAME}: the key is stored with set_secret, and named here")
    )
    return None


def _seconds(value: object, path: str, problems: list[FieldError]) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        problems.append(FieldError(path, "expected a number of seconds"))
        return None
    return f"{value:g}s"


def _object(value: object, path: str, problems: list[FieldError]) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.append(FieldError(path, "expected an object"))
        return {}
    return value

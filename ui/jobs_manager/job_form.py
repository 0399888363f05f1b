"""A job as a form: its parts in fields, its payloads as forms of their kinds or as JSON, judged by the code that judges the API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs import kinds
from jobs.admin.fields import ABSENT, JSONText, RawText
from jobs.documents import JobDocument, parse_job
from jobs.errors import FieldError, ValidationError
from ui.jobs_manager import retry_waits
from ui.jobs_manager.parameters import form_of
from ui.model_forms import ModelForm

MOST_FORMS = 20
"""A longer list of payloads is edited as JSON: a page of a thousand forms helps nobody."""

OWN = ("retry", "timeout", "max_concurrent_requests", "max_concurrent_runs")
"""Of a configuration what has fields of its own; the rest stands in one of JSON."""
NAME_RULE = gettext_lazy("expected 1 to 127 letters, digits, . _ or -, of which the first is a letter or a digit")
_PLAIN = ("timeout", "max_concurrent_requests", "max_concurrent_runs")
_RETRY = ("maximum_attempts", "initial_interval", "backoff_coefficient", "maximum_interval")


def _code(*, rows: int, **options: Any) -> JSONText:
    made = JSONText(rows=rows, **options)
    made.widget.attrs.pop("style", None)
    made.widget.attrs["class"] = "code"
    return made


def _line(**options: Any) -> RawText:
    attributes = options.pop("attributes", {})
    return RawText(widget=forms.TextInput(attrs=attributes), **options)


class JobFields(forms.Form):
    """What every job has besides its payloads."""

    name = _line(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("Letters, digits, _ . and -. It cannot be changed later."),
        attributes={"placeholder": "check-partners", "autocomplete": "off"},
    )
    description = _line(label=gettext_lazy("Description"))
    tags = _line(label=gettext_lazy("Tags"), help_text=gettext_lazy("Words to find it by, separated by commas."))
    maximum_attempts = _line(
        label=gettext_lazy("Attempts"), help_text=gettext_lazy("In all; 3 by default."), attributes={"placeholder": "3"}
    )
    initial_interval = _line(
        label=gettext_lazy("First wait"),
        help_text=gettext_lazy("Such as 10s, 5m or 1.5h; none by default."),
        attributes={"placeholder": "0"},
    )
    backoff_coefficient = _line(
        label=gettext_lazy("Growth"),
        help_text=gettext_lazy("How much longer each wait is than the one before."),
        attributes={"placeholder": "1"},
    )
    maximum_interval = _line(label=gettext_lazy("Longest wait"), help_text=gettext_lazy("Such as 2m."))
    timeout = _line(
        label=gettext_lazy("Time-out"),
        help_text=gettext_lazy("The longest one attempt may take."),
        attributes={"placeholder": "10m"},
    )
    max_concurrent_requests = _line(
        label=gettext_lazy("Payloads at once"),
        help_text=gettext_lazy("So many of a run are executed side by side."),
        attributes={"placeholder": "5"},
    )
    max_concurrent_runs = _line(
        label=gettext_lazy("Runs at once"),
        help_text=gettext_lazy("The next one waits; no limit by default."),
    )
    configuration = _code(
        rows=4,
        label=gettext_lazy("More of the configuration"),
        help_text=gettext_lazy(
            "An object, such as failure_tolerance, rate_limit, priority, run_timeout, keep_replays."
        ),
    )
    sinks = _code(
        rows=5,
        label=gettext_lazy("Sinks"),
        help_text=gettext_lazy(
            'Where the results go: a list of {"sink": a sink of the workspace} or {"name", "kind", "configuration"}.'
            " Empty for nowhere."
        ),
    )
    metadata = _code(rows=3, label=gettext_lazy("Metadata"), help_text=gettext_lazy("An object for your own data."))
    version = forms.CharField(required=False, widget=forms.HiddenInput)


class PayloadHead(forms.Form):
    """What every payload has besides its parameters."""

    name = _line(label=gettext_lazy("Payload's name"), attributes={"placeholder": gettext_lazy("for people")})


@dataclass(slots=True)
class PayloadForms:
    """One payload: its head and its kind's parameters. ``others`` is what no field shows (its own retry and timeout)."""

    index: int
    kind: str
    head: PayloadHead
    parameters: ModelForm
    others: dict[str, Any] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """Of the names of its fields."""
        return f"p{self.index}"

    @property
    def others_text(self) -> str:
        """What is carried along in a hidden field."""
        return json.dumps(self.others)

    def is_valid(self) -> bool:
        """Both parts, so that each shows its errors."""
        return self.head.is_valid() & self.parameters.is_valid()

    def document(self) -> dict[str, Any]:
        """As an element of the payload list."""
        name = self.head.cleaned_data.get("name", ABSENT)
        named = {} if name is ABSENT else {"name": name}
        return {"kind": self.kind, **named, **self.others, "parameters": self.parameters.document()}


class JobForm:
    """The whole form: of a job that there is, of one that is to be, or of what was sent.

    Args:
        job_type: ``task``, ``spark`` or ``datasource``.
        kind: The kind of payloads that are added; that of the first one of an existing job.
        document: What it begins with.
        data: What was sent.
        fixed: Parts of the document that no field shows, such as its schedules.
        key: Of an existing job.
        version: The version that the person saw; None for a new job.
    """

    def __init__(
        self,
        *,
        job_type: str,
        kind: str,
        document: Mapping[str, Any] | None = None,
        data: QueryDict | None = None,
        fixed: Mapping[str, Any] | None = None,
        key: str = "",
        version: int | None = None,
    ) -> None:
        self.job_type, self.kind, self.key, self.fixed = job_type, kind, key, dict(fixed or {})
        self.fields = JobFields(data, initial=_initial(document or {}, version))
        if key:
            self.fields.fields.pop("name")
        payload = list((document or {}).get("payload", ()))
        self.in_json = _wants_json(data, payload)
        self.json_field = PayloadJSON(data, initial={"payload": json.dumps(payload, indent=2, ensure_ascii=False)})
        self.payloads = [] if self.in_json else self._payloads(data, payload)
        self.errors: list[str] = []
        self._unread: set[str] = set()

    @property
    def payload_count(self) -> int:
        """How many payloads stand there as forms."""
        return len(self.payloads)

    @property
    def is_open(self) -> bool:
        """Whether the rarer fields are to be seen at once: one of them says something, or is wrong."""
        rare = ("configuration", "metadata", "max_concurrent_runs")
        return any(self.fields[name].value() not in (None, "") or self.fields[name].errors for name in rare)

    def read(self) -> JobDocument | None:
        """What was sent, judged as a whole; None when something is wrong, which then stands beside its field: all of it at once."""
        valid = self.fields.is_valid() & all([each.is_valid() for each in self.payloads])
        if self.in_json and not self.json_field.is_valid():
            return None
        try:
            document = parse_job(self.written())
        except ValidationError as error:
            self.refuse(error.errors)
            return None
        return document if valid else None

    def written(self) -> dict[str, Any]:
        """The document as typed; of fields that are valid."""
        cleaned: dict[str, Any] = self.fields.cleaned_data
        typed = {name: value for name, value in cleaned.items() if value not in (ABSENT, "", None)}
        key = self.key or f"{self.job_type}:{typed.get('name', '')}"
        parts: dict[str, Any] = {name: typed[name] for name in ("description", "sinks", "metadata") if name in typed}
        tags = [each.strip() for each in typed.get("tags", "").split(",") if each.strip()]
        return {
            **self.fixed,
            "key": key,
            **parts,
            "tags": tags,
            "configuration": _configuration(typed),
            "payload": self._written_payload(),
        }

    def refuse(self, errors: Sequence[FieldError]) -> None:
        """Put each error beside the field that its path names; above the form, with its path, what names none.

        A field that could not be read says so already: that it is missing in what was read says nothing more.
        """
        self._unread = {each.add_prefix(name) for each in self._forms() for name in each.errors}
        for each in errors:
            if not self._placed(each):
                self.errors.append(f"{each.field}: {each.message}" if each.field else each.message)

    def as_other_view(self) -> tuple[dict[str, Any], bool]:
        """The document as typed so far, and whether it is to be shown as JSON then.

        Raises:
            ValidationError: Something was typed that cannot be read, and would be lost; what is missing is seen when it is saved.
        """
        if any(_holds_unreadable(each) for each in self._forms()):
            raise ValidationError([FieldError("", _("mend first what cannot be read: it would be lost"))])
        if self.in_json and not self.json_field.is_valid():
            raise ValidationError([FieldError("payload", _("this is no JSON yet: mend it first"))])
        return self.written(), not self.in_json

    def typed_payload(self) -> Any:
        """The payloads as typed, whatever the other fields say. Raises ValidationError for what cannot be read."""
        if self.in_json and not self.json_field.is_valid():
            raise ValidationError([FieldError("payload", _("this is no JSON yet: mend it first"))])
        wrong = [
            FieldError(f"payload.{place}.{name}", str(told))
            for place, each in enumerate(self.payloads)
            if not each.is_valid()
            for name, errors in each.parameters.errors.items()
            for told in errors
        ]
        if wrong:
            raise ValidationError(wrong)
        return self._written_payload()

    def _forms(self) -> list[forms.Form]:
        return [self.fields, *(part for each in self.payloads for part in (each.head, each.parameters))]

    def _written_payload(self) -> Any:
        if self.in_json:
            value = self.json_field.cleaned_data["payload"]
            return [] if value is ABSENT else value
        return [each.document() for each in self.payloads]

    def _payloads(self, data: QueryDict | None, payload: Sequence[Mapping[str, Any]]) -> list[PayloadForms]:
        if data is None:
            items = payload or [{"kind": self.kind}]
            return [_of_item(index, item) for index, item in enumerate(items)]
        indexes = [int(each) for each in data.getlist("payload_index") if each.isdecimal() and len(each) < 6]
        return [_of_data(index, data, self.kind) for index in indexes]

    def _placed(self, error: FieldError) -> bool:
        parts = error.field.split(".")
        if parts[0] == "payload" and self.in_json:
            self.json_field.add_error("payload", f"{error.field}: {error.message}")
            return True
        if parts[0] == "payload" and len(parts) > 1 and parts[1].isdecimal():
            return self._placed_in_payload(int(parts[1]), parts[2:], error)
        name = "name" if parts[0] == "key" else parts[0]
        if parts[0] == "configuration":
            inner = parts[2] if parts[1:2] == ["retry"] and len(parts) > 2 else "".join(parts[1:2])
            name = inner if self._has(inner) else "configuration"
        if not self._has(name):
            return False
        told = error.message if parts[-1] == name or name == "name" else f"{error.field}: {error.message}"
        self._tell(self.fields, name, NAME_RULE if parts[0] == "key" else told)
        return True

    def _tell(self, form: forms.Form, name: str, told: Any) -> None:
        if form.add_prefix(name) not in self._unread:
            form.add_error(name, told)

    def _has(self, name: str) -> bool:
        return name in self.fields.fields

    def _placed_in_payload(self, position: int, rest: Sequence[str], error: FieldError) -> bool:
        if position >= len(self.payloads):
            return False
        forms_of = self.payloads[position]
        name = rest[1] if rest[:1] == ["parameters"] and len(rest) > 1 else ""
        if name in forms_of.parameters.fields:
            told = error.message if len(rest) == 2 else f"{'.'.join(rest[1:])}: {error.message}"
            self._tell(forms_of.parameters, name, told)
        else:
            forms_of.head.add_error(None, f"{'.'.join(rest)}: {error.message}" if rest else error.message)
        return True


class PayloadJSON(forms.Form):
    """The payload list as JSON or YAML."""

    payload = _code(
        rows=18,
        label=gettext_lazy("Payloads"),
        help_text=gettext_lazy("A list; each has a kind, and may have name, parameters, retry and timeout."),
    )


def _holds_unreadable(form: forms.Form) -> bool:
    return any(str(form[name].value() or "").strip() for name in form.errors if name in form.fields)


def empty_payload(index: int, kind: str) -> PayloadForms:
    """One more, for the end of the list."""
    return _of_item(index, {"kind": kind})


def _of_item(index: int, item: Mapping[str, Any]) -> PayloadForms:
    prefix, kind = f"p{index}", str(item.get("kind", ""))
    others = {name: value for name, value in item.items() if name not in ("kind", "name", "parameters")}
    return PayloadForms(
        index,
        kind,
        PayloadHead(prefix=prefix, initial={"name": item.get("name", "")}),
        form_of(kind)(prefix=f"{prefix}-x", initial=dict(item.get("parameters", {}))),
        others,
    )


def _of_data(index: int, data: QueryDict, usual: str) -> PayloadForms:
    prefix = f"p{index}"
    kind = data.get(f"{prefix}-kind", usual)
    kind = kind if kinds.get(kind) else usual
    try:
        others = json.loads(data.get(f"{prefix}-others", "") or "{}")
    except ValueError:
        others = {}
    return PayloadForms(
        index,
        kind,
        PayloadHead(data, prefix=prefix),
        form_of(kind)(data, prefix=f"{prefix}-x"),
        others if isinstance(others, dict) else {},
    )


def _wants_json(data: QueryDict | None, payload: Sequence[Mapping[str, Any]]) -> bool:
    if data is not None:
        return data.get("view") == "json"
    known = all(isinstance(each, dict) and kinds.get(str(each.get("kind"))) for each in payload)
    return len(payload) > MOST_FORMS or not known


def _initial(document: Mapping[str, Any], version: int | None) -> dict[str, Any]:
    configuration = dict(document.get("configuration", {}))
    retry = configuration.pop("retry", None) or {}
    plain = {name: configuration.pop(name, None) for name in _PLAIN}
    if plain["max_concurrent_requests"] == 5:  # what the document says where nothing was said
        plain["max_concurrent_requests"] = None
    if configuration.get("priority") == 0:
        configuration.pop("priority")
    return {
        "name": str(document.get("key", "")).partition(":")[2],
        "description": document.get("description", ""),
        "tags": ", ".join(document.get("tags", ())),
        **{name: retry.get(name) for name in _RETRY},
        **plain,
        "configuration": configuration or None,
        "sinks": document.get("sinks") or None,
        "metadata": document.get("metadata") or None,
        "version": version,
    }


def _configuration(typed: Mapping[str, Any]) -> Any:
    more = typed.get("configuration", {})
    if not isinstance(more, dict):
        return more  # the document refuses it
    retry = retry_waits.typed({name: str(typed[name]) for name in _RETRY if name in typed})
    found: dict[str, Any] = dict(more)
    if retry:
        found["retry"] = {**more.get("retry", {}), **retry} if isinstance(more.get("retry", {}), dict) else retry
    for name in _PLAIN:
        if name in typed:
            text = str(typed[name]).strip()
            found[name] = int(text) if text.isascii() and text.isdecimal() else text
    return found

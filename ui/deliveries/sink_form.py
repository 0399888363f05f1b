"""A named sink as a form: the fields of its kind, or its configuration as JSON, judged by the code that judges the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from jobs.admin.fields import ABSENT, JSONText, RawText
from jobs.errors import FieldError, ValidationError
from sinks import registry
from sinks.documents import SinkDocument, parse_sink
from ui.deliveries import kinds

PREFIX = "c"
"""Of the fields of the configuration: its names are the kind's, and a ``name`` may be among them."""


class SinkFields(forms.Form):
    """What every sink has besides its configuration."""

    name = RawText(
        label=_("Name"),
        help_text=_("A letter or digit, then letters, digits, _ . or -. It cannot be changed later."),
        widget=forms.TextInput(attrs={"placeholder": "partner-hook", "autocomplete": "off"}),
    )
    description = RawText(label=_("Description"), widget=forms.TextInput())
    version = forms.CharField(required=False, widget=forms.HiddenInput)


class ConfigurationJSON(forms.Form):
    """The configuration as JSON or YAML, and the kind that reads it."""

    kind = forms.ChoiceField(label=_("Kind"))
    configuration = JSONText(rows=18, label=_("Configuration"), help_text=_("An object. Secrets stand in it by name."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(each.kind, each.title) for each in kinds.offers()]  # type: ignore[attr-defined]
        self.fields["configuration"].widget.attrs.pop("style", None)
        self.fields["configuration"].widget.attrs["class"] = "code"


class SinkForm:
    """The whole form: of a sink that there is, of one that is to be, or of what was sent.

    Args:
        kind: The kind whose fields are shown; what was sent may say another one.
        document: What it begins with.
        data: What was sent.
        name: Of an existing sink; its name is no field then.
        version: The version that the person saw; None for a new one.
        in_json: Whether the configuration stands there as JSON; what was sent says it itself.

    Raises:
        NotFoundError: There is no such kind.
    """

    def __init__(
        self,
        *,
        kind: str,
        document: Mapping[str, Any] | None = None,
        data: QueryDict | None = None,
        name: str = "",
        version: int | None = None,
        in_json: bool = False,
    ) -> None:
        document = document or {}
        self.name, self.errors = name, list[str]()
        self.in_json = in_json if data is None else data.get("view") == "json"
        self.kind = _kind(kind, data)
        told = {"name": document.get("name"), "description": document.get("description"), "version": version}
        self.fields = SinkFields(data, initial=told)
        if name:
            self.fields.fields.pop("name")
        written = document.get("configuration") or {}
        self.json = ConfigurationJSON(data, initial={"kind": self.kind, "configuration": written or None})
        self.configuration = kinds.form_of(self.kind)(data, prefix=PREFIX, initial=dict(written))

    @property
    def title(self) -> str:
        """What people call its kind."""
        return kinds.title_of(self.kind)

    def read(self) -> SinkDocument | None:
        """What was sent, judged as a whole; None when something is wrong, which then stands beside its field."""
        document = self.written()
        if document is None:
            return None
        try:
            return parse_sink(document)
        except ValidationError as error:
            self.refuse(error.errors)
            return None

    def written(self) -> dict[str, Any] | None:
        """The document as typed; None when a field cannot be read."""
        part = self.json if self.in_json else self.configuration
        if not (self.fields.is_valid() & part.is_valid()):
            return None
        typed = {
            name: value for name, value in self.fields.cleaned_data.items() if value is not ABSENT and name != "version"
        }
        return {"name": self.name, **typed, "kind": self._kind_written(), "configuration": self._configuration()}

    def refuse(self, errors: Sequence[FieldError]) -> None:
        """Put each error beside the field that its path names; above the form, with its path, what names none."""
        for each in errors:
            form, name, told = self._place(each)
            if form is None:
                self.errors.append(f"{each.field}: {each.message}" if each.field else each.message)
            else:
                form.add_error(name, forms.ValidationError("%(text)s", params={"text": told}))

    def _place(self, error: FieldError) -> tuple[forms.Form | None, str, str]:
        first, _dot, rest = error.field.partition(".")
        if first == "configuration" and not self.in_json:
            name, _dot, deeper = rest.partition(".")
            told = f"{rest}: {error.message}" if deeper else error.message
            return (self.configuration, name, told) if name in self.configuration.fields else (None, "", "")
        told = f"{error.field}: {error.message}" if rest else error.message
        for form in (self.fields, self.json) if self.in_json else (self.fields,):
            if first in form.fields:
                return form, first, told
        return None, "", ""

    def _kind_written(self) -> str:
        return str(self.json.cleaned_data["kind"]) if self.in_json else self.kind

    def _configuration(self) -> Any:
        if not self.in_json:
            return self.configuration.document()
        value = self.json.cleaned_data["configuration"]
        return {} if value is ABSENT else value


def _kind(usual: str, data: QueryDict | None) -> str:
    sent = "" if data is None else data.get("kind", "")
    return sent if registry.get(sent) else usual

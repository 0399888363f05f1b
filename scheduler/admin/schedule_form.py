"""The form of a schedule: its entry in the job's document as text, judged by the code that judges a manifest and an API call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from django import forms
from django.conf import settings
from django.utils import timezone

from jobs import strict_json
from jobs.admin.fields import ABSENT, RawText
from jobs.admin.typed import TypedForm
from jobs.documents import refuse
from jobs.errors import FieldError, ValidationError
from jobs.yaml_text import line_of, read_value
from scheduler.documents import ScheduleDocument
from scheduler.models import Schedule
from scheduler.services.placing import judge

LONGEST = 200_000
EXAMPLE = {"name": "default", "triggers": [{"type": "cron", "expression": "0 0 9 ? * MON-FRI"}]}
"""What a new schedule's form begins with."""


class ScheduleForm(TypedForm[Schedule]):
    """Adds or changes a schedule. When it is valid, ``document`` is what the services take, and ``expected_version`` the job's
    version that the person saw."""

    text = RawText(
        label="Definition",
        widget=forms.Textarea(
            attrs={
                "rows": 20,
                "cols": 100,
                "spellcheck": "false",
                "class": "vLargeTextField",
                "style": "font-family: monospace",
                "maxlength": LONGEST,
            }
        ),
        help_text="YAML or JSON; docs/reference/schedule-document.md tells what may stand here.",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    refused: Sequence[FieldError] = ()
    """What the service said when it was asked to write this."""
    document: dict[str, Any]

    class Meta:
        model = Schedule
        fields = ("job",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        schedule = self.instance if self.instance.pk else None
        self.initial["text"] = written(entry_of(schedule) if schedule else example())
        self.initial["version"] = schedule.job.version if schedule else None

    @property
    def expected_version(self) -> int | None:
        """The version that the person saw; None for a new schedule, which takes nothing from others."""
        version: int | None = self.cleaned_data.get("version")
        return version

    def clean_text(self) -> str:
        """Judge the text as far as it can be without the database."""
        text = "" if self.cleaned_data["text"] is ABSENT else str(self.cleaned_data["text"])
        try:
            self.document = read(text)
            judge(self.document, now=timezone.now())
            self._refuse_another_name()
        except ValidationError as error:
            raise told(error.errors, text) from error
        if self.refused:
            raise told(self.refused, text)
        return text

    def _post_clean(self) -> None:
        """Leave the model alone: the services write it."""

    def _refuse_another_name(self) -> None:
        name = self.document.get("name", "default")
        if self.instance.pk and name != self.instance.name:
            raise ValidationError([FieldError("name", f"expected {self.instance.name}: a schedule cannot be renamed")])


def entry_of(schedule: Schedule) -> dict[str, Any]:
    """What the person wrote: the schedule's entry in its job's document."""
    named = (entry for entry in schedule.job.schedules if entry.get("name", "default") == schedule.name)
    return next(named, schedule.document)


def example() -> dict[str, Any]:
    """A document to begin with, on the clock that schedules go by which name none."""
    return EXAMPLE | {"timezone": settings.JOBS_DEFAULT_TIMEZONE}


def written(document: dict[str, Any]) -> str:
    """A document as YAML for people. PostgreSQL keeps no order of names: they stand as the reference lists them."""
    names = [*ScheduleDocument.model_fields, *document]
    ordered = {name: document[name] for name in names if name in document}
    triggers = [{"type": each.get("type"), **each} for each in document.get("triggers", [])]
    return str(yaml.safe_dump(ordered | {"triggers": triggers}, sort_keys=False, allow_unicode=True, width=100))


def read(text: str) -> dict[str, Any]:
    """The document that a text holds.

    Raises:
        ValidationError: It is neither YAML nor JSON, is too long, or holds no object.
    """
    if len(text) > LONGEST:
        raise ValidationError([FieldError("", f"expected at most {LONGEST:,} characters")])
    try:
        document = read_value(text) if text.strip() else None
    except strict_json.NotJSONError as error:
        raise ValidationError([FieldError("", f"neither YAML nor JSON: {error}")]) from error
    if not isinstance(document, dict):
        raise ValidationError([FieldError("", "expected an object with triggers")])
    refuse(strict_json.problems(document))
    return document


def told(errors: Sequence[FieldError], text: str) -> forms.ValidationError:
    """Each with its line and its field, as the form shows them beside the text."""
    return forms.ValidationError([_placed(error, text) for error in errors])


def _placed(error: FieldError, text: str) -> forms.ValidationError:
    line = line_of(text, error.field) if error.field else None
    place = [f"line {line}" if line else "", error.field]
    words = ": ".join(filter(None, [", ".join(filter(None, place)), error.message]))
    # The text goes in as a parameter: Django would take a percent sign in it for a place to fill.
    return forms.ValidationError("%(text)s", code="document", params={"text": words})

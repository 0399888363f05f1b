"""A rule as a form. What it says is judged by the code that judges the API's bodies, and each error stands beside its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.errors import JobsError, ValidationError
from sinks.rules import RuleDocument
from ui.notices.words import EVENTS, TYPES

_PERIODS = ("quiet", "digest", "late_after", "stuck_after")
_OF_JOBS = {"types": "job_types", "tags": "job_tags", "keys": "job_keys"}
"""Parts of ``jobs``, and their fields."""


def _line(label: object, help_text: object = "", placeholder: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"placeholder": placeholder} if placeholder else {})
    return forms.CharField(required=False, label=label, help_text=help_text, widget=widget, max_length=20_000)  # type: ignore[arg-type]


class RuleForm(forms.Form):
    """Nothing in it is required of itself: what is missing is said by the rule's own model."""

    name = _line(
        _("Name"), _("A letter or digit, then letters, digits, _ . or -. It cannot be changed later."), "on-call"
    )
    description = _line(_("Description"))
    enabled = forms.BooleanField(required=False, initial=True, label=_("Enabled"))
    events = forms.MultipleChoiceField(
        required=False,
        label=_("Tell of"),
        choices=[(each.value, each.line) for each in EVENTS],
        widget=forms.CheckboxSelectMultiple,
        initial=["failed", "recovered"],
    )
    in_a_row = _line(
        _("Failures in a row"),
        _("A failure is told when so many runs of a job have failed in a row, and again with each further so many."),
        "1",
    )
    late_after = _line(
        _("Late after"), _("Such as 5m: a run that has not begun so long after it was to is late."), "5m"
    )
    stuck_after = _line(
        _("Stuck after"),
        _("Such as 2h: a run that takes longer is stuck. Empty: one that takes three times what is usual."),
    )
    job_types = forms.MultipleChoiceField(
        required=False,
        label=_("Types"),
        choices=TYPES,
        widget=forms.CheckboxSelectMultiple,
    )
    job_tags = _line(_("Tags"), _("Separated by commas; a job with one of them is meant. Empty for all."), "nightly")
    job_keys = _line(_("Jobs"), _("Keys, separated by commas. Empty for all."), "task:report")
    sink = forms.ChoiceField(required=False, label=_("Through the sink"))
    quiet = _line(
        _("Quiet for"), _("Such as 1h: for so long the same of the same job is not told again. Empty for always.")
    )
    digest = _line(
        _("Collect for"), _("Such as 15m: notices are collected for so long and go as one. Empty: each at once.")
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, sinks: Sequence[tuple[str, str]], name: str = "", **kwargs: Any) -> None:
        """``sinks``: names and kinds to choose from. ``name``: of a rule that exists, which keeps it."""
        super().__init__(*args, **kwargs)
        chosen = [(sink, f"{sink} ({kind})") for sink, kind in sinks]
        self.fields["sink"].choices = [("", _("Choose one")), *chosen]  # type: ignore[attr-defined]
        self.kept_name = name
        if name:
            del self.fields["name"]

    def document(self) -> dict[str, Any]:
        """What was typed, as `sinks.services.ruling.save_rule` takes it; of a form that is valid."""
        typed = self.cleaned_data
        jobs = {
            "types": typed["job_types"],
            "tags": _words(typed["job_tags"]),
            "keys": _words(typed["job_keys"]),
        }
        plain = {name: typed[name].strip() for name in (*_PERIODS, "sink", "description")}
        said = {
            "name": self.kept_name or typed["name"].strip(),
            "events": typed["events"],
            "enabled": typed["enabled"],
            "jobs": {name: words for name, words in jobs.items() if words},
            **{name: value for name, value in plain.items() if value or name == "sink"},
        }
        if typed["in_a_row"].strip():
            said["in_a_row"] = _whole(typed["in_a_row"].strip())
        return said

    @property
    def expected_version(self) -> int | None:
        """What whoever typed this saw; None for what is no version."""
        text = self.cleaned_data.get("version", "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None

    def refuse(self, error: JobsError) -> None:
        """Put each error beside its field; above the form what belongs to none."""
        if not isinstance(error, ValidationError):
            self.add_error(None, str(error))
            return
        for each in error.errors:
            field, said = self._field_for(each.field), each.message
            if field == "sink" and not self.cleaned_data["sink"]:
                said = str(_("Choose the sink through which it tells."))
            elif field is None and not said.startswith("events:"):
                said = f"{each.field}: {said}" if each.field else said
            self.add_error("events" if said.startswith("events:") else field, said.removeprefix("events: "))

    def _field_for(self, path: str) -> str | None:
        first, _dot, rest = path.partition(".")
        name = _OF_JOBS.get(rest.partition(".")[0], "job_keys") if first == "jobs" else first
        return name if name in self.fields else None


def initial_of(document: RuleDocument, *, version: int) -> Mapping[str, Any]:
    """A rule that exists, as its form begins."""
    jobs = document.jobs
    said = document.model_dump(mode="json", exclude_none=True, exclude={"jobs"})
    return said | {
        "job_types": jobs.types or [],
        "job_tags": ", ".join(jobs.tags or ()),
        "job_keys": ", ".join(jobs.keys or ()),
        "version": version,
    }


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.replace("\n", ",").split(",") if word.strip()]


def _whole(text: str) -> int | str:
    """A number as one; anything else as it is, for the model to refuse."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text

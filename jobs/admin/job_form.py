"""The job form: a job document in pieces, judged by the same code as a manifest and an API call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from jobs.admin.fields import ABSENT, JSONText, RawText, placed
from jobs.admin.typed import TypedForm
from jobs.documents import JobDocument, parse_job
from jobs.errors import FieldError, ValidationError
from jobs.models import Job, Workspace
from jobs.services.jobs import MUST_BE_NEW, check_job

DOCUMENT_FIELDS = ("key", "description", "payload", "configuration", "sinks", "tags", "metadata")
EXAMPLE_PAYLOAD = [{"kind": "http", "name": "first", "parameters": {"method": "GET", "url": "https://example.com/"}}]
"""What a new job's form begins with."""


class JobForm(TypedForm[Job]):
    """Adds or changes a job. When it is valid, ``document`` and ``expected_version`` are what `save_job` takes."""

    key = RawText(
        widget=forms.TextInput(attrs={"size": 60, "placeholder": "task:name"}),
        help_text="type:name, where the type is task, datasource or spark. It cannot be changed later.",
    )
    description = RawText(widget=forms.TextInput(attrs={"class": "vLargeTextField"}))
    payload = JSONText(
        rows=16,
        help_text="The list of units of work, in JSON or YAML; each has a kind, and may have name, parameters, retry and timeout.",
    )
    configuration = JSONText(
        help_text="retry, timeout, max_concurrent_requests, max_concurrent_runs, concurrency_group, rate_limit, priority, strict,"
        " failure_tolerance and what else docs/reference/job-document.md tells. Empty for the defaults."
    )
    sinks = JSONText(
        help_text='Where the results go: a list of {"sink": a sink of the workspace} or {"kind": ..., "configuration": ...}, as'
        " docs/how-to/deliver-results.md tells. Empty for nowhere."
    )
    tags = JSONText(rows=2, help_text="A list of words.")
    metadata = JSONText(rows=4, help_text="An object for your own data.")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    document: JobDocument
    refused: Sequence[FieldError] = ()
    """What was said when it was tried to write it: what only those see who do, that there is no such sink, say."""

    class Meta:
        model = Job
        fields = ("workspace",)

    @property
    def workspace(self) -> Workspace:
        """The job's owner: chosen when it is added, and fixed from then on."""
        chosen: Workspace = self.instance.workspace if self.instance.pk else self.cleaned_data["workspace"]
        return chosen

    @property
    def expected_version(self) -> int:
        """The version that the person saw."""
        return self.cleaned_data.get("version") or MUST_BE_NEW if self.instance.pk else MUST_BE_NEW

    def clean(self) -> dict[str, Any]:
        """Judge the document as a whole; each error goes to the field that its path begins with."""
        unread = set(self.errors)
        try:
            self.document = parse_job(self._written())
            if "workspace" not in unread:
                check_job(workspace=self.workspace, document=self.document)
        except ValidationError as error:
            for each in error.errors:
                if each.field.partition(".")[0] not in unread:
                    self.add_error(*placed(each, self.fields))
        for each in self.refused:
            self.add_error(*placed(each, self.fields))
        if not self.errors:
            self._check_nobody_was_faster()
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Leave the model alone: the document has been judged, and `save_job` writes it."""

    def _written(self) -> dict[str, Any]:
        typed = {name: self.cleaned_data.get(name, ABSENT) for name in DOCUMENT_FIELDS}
        document = {name: value for name, value in typed.items() if value is not ABSENT}
        if self.instance.pk:
            document |= {"key": self.instance.key, "schedules": self.instance.schedules}
        return document

    def _check_nobody_was_faster(self) -> None:
        names = {"type": self.document.type, "name": self.document.name}
        present = Job.objects.filter(workspace=self.workspace, **names).only("type", "name", "version").first()
        if present is None or present.version == self.expected_version:
            return
        if self.expected_version == MUST_BE_NEW:
            self.add_error("key", f"{present.key} exists already")
        else:
            told = f"{present.key} was changed by somebody else meanwhile: it has version {present.version}."
            self.add_error(None, f"{told} Copy your change, open the job again and repeat it.")

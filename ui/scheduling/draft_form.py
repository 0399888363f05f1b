"""The form of a schedule: its fields made of what it holds, in the groups and rows in which they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from jobs.errors import FieldError
from ui.scheduling.documents import WAS, kind_field, kind_of, kinds_of
from ui.scheduling.form_parts import Field, Group, Rows
from ui.scheduling.form_tree import SEPARATOR, Tree, at, name_of, rows
from ui.scheduling.policy_parts import POLICIES, WHAT
from ui.scheduling.trigger_parts import ENABLED, JOBS

LONGEST = 20_000
JOB = Field(
    "job",
    _("Job"),
    _("The job that is to run. The Scheduler schedules jobs that there are, and creates none."),
    hint="task:name",
    suggestions=JOBS,
)


@dataclass(slots=True)
class ShownRow:
    """A row: what it is called, its fields and lists, and the path by which it is taken out."""

    path: str
    number: int
    fields: list[BoundField] = field(default_factory=list)
    lists: list[ShownRows] = field(default_factory=list)
    kind: BoundField | None = None
    hidden: BoundField | None = None
    help: Any = ""


@dataclass(slots=True)
class ShownRows:
    """A list of rows, and what the button says that adds one."""

    path: str
    label: Any
    help: Any
    add: Any
    rows: list[ShownRow]
    may_be_empty: bool


@dataclass(slots=True)
class ShownGroup:
    """Fields under a heading. ``is_open``: whether it says anything else than what holds anyway, or something wrong."""

    label: Any
    help: Any
    fields: list[BoundField]
    says: bool

    @property
    def is_open(self) -> bool:
        """Whether a person should see into it without asking."""
        return self.says or any(bound.errors for bound in self.fields)


class DraftForm(forms.Form):
    """What a schedule's form holds. Nothing is required of its fields: what they mean is for the engine to judge."""

    def __init__(self, tree: Tree, *, job: str | None = None) -> None:
        """Make the fields that this tree needs. ``job``: what is typed of the job's key; None where it is not chosen."""
        super().__init__(dict(_flat(tree)) | {"job": job or ""})
        self.tree = tree
        self.job = None if job is None else self._bound("", JOB, tree)
        self.what = [self._bound("", each, tree) for each in WHAT.fields]
        self.triggers = [self._row("triggers", place, row) for place, row in enumerate(rows(tree, "triggers"))]
        self.policies = [self._policy(group) for group in POLICIES]
        self.exclusions = [self._row("exclusions", place, row) for place, row in enumerate(rows(tree, "exclusions"))]

    def place(self, errors: Iterable[FieldError]) -> None:
        """Put each error beside its field, or the nearest that there is; above the form what is about none of them."""
        self.is_valid()  # so that there is something to add to
        for path, message in errors:
            name = self._nearest(path)
            if name is None:
                self.add_error(None, f"{path}: {message}" if path else message)
            else:
                self.add_error(name, _within(path, name, message))

    @property
    def problems(self) -> list[tuple[Any, str]]:
        """All errors, each with what its field is called; nothing for what stands above the form."""
        return [
            (self.fields[name].label if name in self.fields else "", str(error))
            for name, errors in self.errors.items()
            for error in errors
        ]

    def _nearest(self, path: str) -> str | None:
        """The field of the path, or of the longest part of it; or the first of those below that."""
        steps = path.split(".")
        for end in range(len(steps), 0, -1):
            name = SEPARATOR.join(steps[:end])
            below = f"{name}{SEPARATOR}"
            found = next((each for each in self.fields if each == name or each.startswith(below)), None)
            if found is not None:
                return found
        return None

    def _row(self, name: str, place: int, row: Tree) -> ShownRow:
        kinds, kind = kinds_of(name), kind_of(name, row)
        path = f"{name}.{place}"
        choices = tuple((each, group.label) for each, group in kinds.items())
        chooser = Field(kind_field(name), _("Kind"), widget="select", choices=choices)
        shown = self._group(path, kinds[kind], row, ShownRow(path, place + 1, help=kinds[kind].help))
        shown.kind = self._bound(path, chooser, row)
        if name == "triggers":
            shown.fields.append(self._bound(path, ENABLED, row))
        if WAS in row:
            shown.hidden = self._bound(path, Field(WAS, "", widget="hidden"), row)
        return shown

    def _group(self, path: str, group: Group, tree: Any, shown: ShownRow) -> ShownRow:
        shown.fields = [self._bound(path, each, tree) for each in group.fields]
        shown.lists = [self._rows(path, each, tree) for each in group.lists]
        return shown

    def _rows(self, path: str, each: Rows, tree: Any) -> ShownRows:
        below = f"{path}.{each.name}"
        shown = [self._child(f"{below}.{place}", place, each, row) for place, row in enumerate(rows(tree, each.name))]
        return ShownRows(below, each.label, each.help, each.add, shown, may_be_empty=each.least == 0)

    def _child(self, path: str, place: int, each: Rows, row: Any) -> ShownRow:
        shown = ShownRow(path, place + 1)
        if isinstance(each.row, Group):
            return self._group(path, each.row, row, shown)
        name = name_of(path)
        self.fields[name] = _made(each.row, row if isinstance(row, str) else "")
        shown.fields = [self[name]]
        return shown

    def _policy(self, group: Group) -> ShownGroup:
        fields = [self._bound("", each, self.tree) for each in group.fields]
        says = any(_text(self.tree, each) != each.default for each in group.fields)
        return ShownGroup(group.label, group.help, fields, says)

    def _bound(self, path: str, each: Field, tree: Any) -> BoundField:
        name = name_of(f"{path}.{each.path}" if path else each.path)
        self.fields[name] = _made(each, _text(tree, each))
        return self[name]


def _text(tree: Any, each: Field) -> str:
    found = at(tree, each.path)
    return found.strip() if isinstance(found, str) else ""


def _made(each: Field, text: str) -> forms.Field:
    attrs: dict[str, Any] = {"autocomplete": "off"}
    attrs |= {"placeholder": each.hint} if each.hint else {}
    attrs |= {"list": each.suggestions} if each.suggestions else {}
    shown = {"label": each.label, "help_text": each.help, "required": False}
    match each.widget:
        case "check":
            return forms.BooleanField(**shown)
        case "select":
            return forms.CharField(widget=forms.Select(choices=_choices(each, text)), **shown)
        case "area":
            area = forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "placeholder": each.hint})
            return forms.CharField(widget=area, max_length=LONGEST, strip=False, **shown)
        case "hidden":
            return forms.CharField(widget=forms.HiddenInput, **shown)
        case "number":
            return forms.CharField(widget=forms.TextInput(attrs=attrs | {"inputmode": "numeric"}), **shown)
    return forms.CharField(widget=forms.TextInput(attrs=attrs), max_length=LONGEST, strip=False, **shown)


def _choices(each: Field, text: str) -> Sequence[tuple[str, Any]]:
    """With what is chosen, also if it is none of them: a document may say it in another way."""
    known = any(value == text for value, _word in each.choices)
    return each.choices if known else (*each.choices, (text, text or "-"))


def _within(path: str, name: str, message: str) -> str:
    """What lies below the field is told with the message: its name does not say it."""
    below = path.removeprefix(name.replace(SEPARATOR, ".")).strip(".")
    is_below = path.startswith(name.replace(SEPARATOR, "."))
    return f"{below}: {message}" if below and is_below else message


def _flat(value: Any, path: str = "") -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _flat(each, f"{path}.{place}")
    else:
        yield name_of(path), value

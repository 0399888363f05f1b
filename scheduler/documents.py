"""The schedule, as a person writes it: an entry of a job's ``schedules``."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, Field, model_validator

from jobs.documents.basis import MAX_PERIOD_MS, Duration, Period, Strict, validated
from jobs.durations import parse_ms
from jobs.errors import FieldError, ValidationError
from scheduler.states import MisfirePolicy, Overlap

MAX_TRIGGERS = 100
MAX_UPSTREAMS = 100
RUN_IF = {
    "all_succeeded": ("all", ("succeeded",)),
    "one_succeeded": ("any", ("succeeded",)),
    "none_failed": ("all", ("succeeded", "cancelled")),
    "all_done": ("all", ("succeeded", "failed", "cancelled")),
    "one_failed": ("any", ("failed",)),
    "all_failed": ("all", ("failed",)),
}
"""By word: whether one of the upstream jobs is enough, and the results that count."""


def _within_a_year(value: str | int | float) -> str | int | float:
    if parse_ms(value) > MAX_PERIOD_MS:
        raise ValueError("expected at most 366 days")
    return value


Stretch = Annotated[Duration, AfterValidator(_within_a_year)]
"""Nothing to 366 days."""
_KIND = re.compile(r"^(triggers\.[0-9]+)\.(?:cron|every|interval|iso8601|calendar|once|random|frequency|job)(?![a-z_])")
"""pydantic puts a trigger's kind into the path of what is wrong in it, where the person wrote none."""

Moment = str
"""ISO-8601: an instant, or a wall time of the schedule's zone."""


class _Trigger(Strict):
    enabled: bool = True


class CronTrigger(_Trigger):
    """Five fields or a nickname: Unix cron; six or seven: Quartz.

    Args:
        expression: Five fields or a nickname such as ``@daily``, or six or seven fields.
    """

    type: Literal["cron"]
    expression: str = Field(max_length=500, validation_alias=AliasChoices("expression", "value"))


class EveryTrigger(_Trigger):
    """At whole multiples of a duration since the Unix epoch.

    Args:
        every: The duration.
        offset: So much after each multiple.
    """

    type: Literal["every"]
    every: Duration
    offset: Duration = 0


class IntervalTrigger(_Trigger):
    """From a start in steps of the calendar or the clock.

    Args:
        interval: How many steps at a time.
        unit: What a step is, such as ``minute``, ``day`` or ``month``.
        start: Left out, when the schedule was first saved.
        end: The last moment.
    """

    type: Literal["interval"]
    interval: int
    unit: str
    start: Moment | None = None
    end: Moment | None = None


class IsoTrigger(_Trigger):
    """An ISO-8601 repeating interval.

    Args:
        expression: Such as ``R5/2026-01-01T00:00:00Z/PT1H``.
    """

    type: Literal["iso8601"]
    expression: str = Field(max_length=500)


class CalendarTrigger(_Trigger):
    """Fields of the calendar and the clock."""

    type: Literal["calendar"]
    calendars: list[dict[str, Any]] = Field(default_factory=list, max_length=100)
    intervals: list[dict[str, Any]] = Field(default_factory=list, max_length=100)
    skip: list[dict[str, Any]] = Field(default_factory=list, max_length=100)


class OnceTrigger(_Trigger):
    """One time.

    Args:
        at: Which.
    """

    type: Literal["once"]
    at: Moment


class RandomTrigger(_Trigger):
    """Again and again after a random delay.

    Args:
        minimum: The shortest delay.
        maximum: The longest delay.
        seed: Schedules with the same seed fire alike.
        start: Left out, when the schedule was first saved.
    """

    type: Literal["random"]
    minimum: Duration
    maximum: Duration
    seed: str | int | None = None
    start: Moment | None = None


class FrequencyTrigger(_Trigger):
    """Hourly, daily, weekly or monthly."""

    type: Literal["frequency"]
    frequency: str | None = None
    interval: int | str = 1
    cron: str | None = None
    start_date: Moment | None = None
    end_date: Moment | None = None


class JobTrigger(_Trigger):
    """After other jobs' runs: either ``run_if``, or ``results`` with ``of`` any or all of the jobs."""

    type: Literal["job"]
    jobs: list[Annotated[str, Field(max_length=150)]] = Field(min_length=1, max_length=MAX_UPSTREAMS)
    results: list[Literal["succeeded", "failed", "cancelled"]] | None = Field(default=None, min_length=1)
    of: Literal["any", "all"] | None = None
    run_if: Literal["all_succeeded", "one_succeeded", "none_failed", "all_done", "one_failed", "all_failed"] | None = (
        None
    )
    delay: Stretch = 0

    @model_validator(mode="after")
    def _one_way(self) -> JobTrigger:
        if self.run_if is not None and (self.results is not None or self.of is not None):
            raise ValueError("give either run_if, or results with of, not both")
        if len(set(self.jobs)) < len(self.jobs):
            raise ValueError("a job is listed twice")
        return self

    @property
    def rule(self) -> tuple[str, tuple[str, ...]]:
        """("any" | "all", the results that count)."""
        if self.run_if is not None:
            return RUN_IF[self.run_if]
        return self.of or "any", tuple(self.results or ("succeeded",))


TriggerDocument = Annotated[
    CronTrigger
    | EveryTrigger
    | IntervalTrigger
    | IsoTrigger
    | CalendarTrigger
    | OnceTrigger
    | RandomTrigger
    | FrequencyTrigger
    | JobTrigger,
    Field(discriminator="type"),
]


class Misfire(Strict):
    """What becomes of fire times that come up late, which they do after beats or the database were away.

    Args:
        policy: ``skip`` (nothing runs), ``latest`` (the last of them does) or ``all``.
        grace: What is not more than this late runs in any case.
        window: What is later than this is given up in any case.
        most: Of policy ``all``, how many run.
    """

    policy: MisfirePolicy = MisfirePolicy.LATEST
    grace: Stretch = "60s"
    window: Period = "1d"
    most: int = Field(default=100, ge=1, le=1000)


class Dst(Strict):
    """What wall times do in the hour that is skipped and in the one that comes twice, where the trigger's own rule will not do."""

    gap: Literal["skip", "shift"]
    overlap: Literal["first", "second", "both"]


class ScheduleDocument(Strict):
    """One schedule: any number of triggers under one policy.

    Args:
        name: Unique in its job. A schedule keeps its history and its state under its name.
        enabled: Without it the schedule owes nothing.
        triggers: When it fires. Two that name the same instant fire once.
        timezone: The IANA name of the clock of wall times, calendars and exclusions.
        start_date: The first moment at which it may fire.
        end_date: The last one; a date alone means the end of that day.
        exclusions: Times that are left out: holidays, blackouts, weekly and daily windows, dates.
        jitter: The longest delay of a fire: the same for the same fire time whenever it is asked for.
        actions: How many runs it may start in all; then it has ended.
        parameters: Given to each run, for the templates of payloads.
        notes: For people.
        misfire: What becomes of fire times that come up late.
        overlap: What becomes of a fire time when the schedule's former run has not ended.
        pause_on_failure: Whether the schedule is paused when a run of it fails.
        dst: What wall times do when the clocks change, where the triggers' own rules will not do.
    """

    name: str = Field(default="default", min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\- ]*$")
    enabled: bool = True
    triggers: list[TriggerDocument] = Field(min_length=1, max_length=MAX_TRIGGERS)
    timezone: str | None = None
    start_date: Moment | None = None
    end_date: Moment | None = None
    exclusions: list[dict[str, Any]] = Field(default_factory=list, max_length=100)
    jitter: Stretch = 0
    actions: int | None = Field(default=None, ge=0, le=2_000_000_000)
    parameters: dict[str, Any] = Field(default_factory=dict)
    notes: str = Field(default="", max_length=2000)
    misfire: Misfire = Field(default_factory=Misfire)
    overlap: Overlap = Overlap.SKIP
    pause_on_failure: bool = False
    dst: Dst | None = None

    def to_dict(self) -> dict[str, Any]:
        """The document as JSON-ready data, with the defaults filled in."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def job_triggers(self) -> list[tuple[int, JobTrigger]]:
        """The enabled triggers that wait for jobs, with their places in the list."""
        return [
            (at, trigger)
            for at, trigger in enumerate(self.triggers)
            if isinstance(trigger, JobTrigger) and trigger.enabled
        ]


def parse_schedule(data: object) -> ScheduleDocument:
    """Read the shape of one schedule. What its triggers say is `scheduler.definition.compile_schedule`'s to check.

    Raises:
        ValidationError: With one `FieldError` per problem.
    """
    try:
        return validated(ScheduleDocument, data, "expected an object with triggers")
    except ValidationError as error:
        raise ValidationError(
            [FieldError(_KIND.sub(r"\1", each.field), each.message) for each in error.errors]
        ) from error

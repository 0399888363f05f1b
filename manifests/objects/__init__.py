"""The kinds of objects that are kept in files."""

from collections.abc import Mapping

from manifests.objects.base import Objects, Present
from manifests.objects.groups import Groups
from manifests.objects.jobs import Jobs
from manifests.objects.rules import Rules
from manifests.objects.schedules import Schedules
from manifests.objects.sinks import Sinks

BY_KIND: Mapping[str, Objects] = {
    "concurrency_group": Groups(),
    "sink": Sinks(),
    "job": Jobs(),
    "schedule": Schedules(),
    "notice_rule": Rules(),
}
"""In the order of `manifests.documents.KINDS`."""

__all__ = ["BY_KIND", "Objects", "Present"]

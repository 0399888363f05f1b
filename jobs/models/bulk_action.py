"""One action on many jobs or runs."""

from django.db import models
from django.db.models import JSONField, Q, Value
from django.db.models.functions import Now

from jobs.models.workspace import Workspace

# In the database, too: during a deploy processes that do not know these columns yet go on writing.
_NONE, _NOTHING = Value([], JSONField()), Value({}, JSONField())


class BulkAction(models.Model):
    """What is done to many jobs or runs, with its progress. Worked off in batches, by whoever comes: a sweep, or the caller.

    ``cursor`` is the last id that was dealt with, so that a process that dies is continued and nothing is done twice.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="bulk_actions")
    action = models.CharField(max_length=20, default="terminate")
    selection = models.JSONField(help_text="Either ids, a list; or a filter: job, state, created_before.")
    targets = models.JSONField(
        default=list, db_default=_NONE, help_text="Their ids in order; empty for a termination, whose filter says it."
    )
    options = models.JSONField(
        default=dict, db_default=_NOTHING, help_text="What else was asked for, such as parameters."
    )
    problems = models.JSONField(
        default=list, db_default=_NONE, help_text="Why something could not be done: id and detail of the first 100."
    )
    note = models.CharField(max_length=2000, blank=True, default="")
    actor = models.CharField(max_length=200, blank=True, default="")
    caller = models.JSONField(
        default=dict,
        db_default=_NOTHING,
        help_text="Whose rights it needs: user and token, by id; empty for a machine's account.",
    )
    cursor = models.BigIntegerField(default=0)
    upto = models.BigIntegerField(help_text="The newest run that existed when the action was asked for.")
    total = models.IntegerField(help_text="Runs selected when it was asked for.")
    changed = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0, help_text="Had ended, or were being ended already.")
    failures = models.IntegerField(
        default=0, db_default=0, help_text="Batches that failed since the last that did not."
    )
    tried_at = models.DateTimeField(null=True, blank=True, help_text="When the last batch was tried.")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "jobs_bulk_action"
        constraints = [
            models.CheckConstraint(
                condition=Q(total__gte=0, changed__gte=0, unchanged__gte=0, failures__gte=0),
                name="bulk_action_counts_from_zero",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="bulk_action_open", condition=Q(ended_at__isnull=True)),
            models.Index(fields=["workspace", "-id"], name="bulk_action_by_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"

"""Answers that are given again."""

from django.db import models
from django.db.models.functions import Now

from jobs.models.workspace import Workspace


class KeptAnswer(models.Model):
    """What was answered to a POST that had an Idempotency-Key.

    Written in the transaction that did what was asked for: either both are there or neither is. There is no row for a request that
    is under way; it holds an advisory lock instead, which ends with its connection, however that ends.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    caller = models.CharField(max_length=100, help_text="user:ID, or attempt:RUN:POSITION")
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=10)
    path = models.TextField()
    digest = models.CharField(max_length=64, help_text="Of the query and the body, with the site's key.")
    status = models.SmallIntegerField()
    headers = models.JSONField()
    body = models.TextField(help_text="JSON as it was sent; empty for none.")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "jobs_kept_answer"
        indexes = [models.Index(fields=["expires_at"], name="kept_answer_expires")]
        constraints = [
            # The lock keeps two requests apart; this would undo the work of one that had come past it.
            models.UniqueConstraint(fields=["workspace", "caller", "key"], name="kept_answer_once")
        ]

    def __str__(self) -> str:
        return f"answer {self.status} to {self.method} {self.path}"

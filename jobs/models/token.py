"""API tokens, and what they open."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL

from jobs.models.workspace import Workspace


class Scope(models.TextChoices):
    """What a token opens, of what its user's role allows. None includes another, but `ADMIN` all of them."""

    READ = "jobs:read", "Read jobs, schedules, runs, sinks"
    RUN = "jobs:run", "Start, pause, resume and end runs"
    WRITE = "jobs:write", "Create, change and delete jobs, sinks, rules and groups"
    SCHEDULES = "schedules:write", "Create, change, pause and delete schedules"
    SECRETS = "secrets:write", "Set and delete secrets, and list their names"
    ADMIN = "admin", "Everything, members and tokens included"


class ApiToken(models.Model):
    """A bearer token of one user. Only its SHA-256 is stored: the token has 256 random bits, so it needs no salt.

    It opens what its scopes say, of what its user may; one with a workspace opens nothing outside it.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    workspace = models.ForeignKey(
        Workspace,
        on_delete=models.CASCADE,
        related_name="api_tokens",
        null=True,
        blank=True,
        help_text="The only one that it opens; empty for all of its user's.",
    )
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    # What a process of the release before writes, and wrote, opens everything: so did all tokens then.
    scopes = ArrayField(
        models.CharField(max_length=20, choices=Scope.choices),
        db_default=RawSQL("ARRAY['admin']::varchar(20)[]", ()),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=200, blank=True, default="", db_default="")
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "jobs_api_token"
        verbose_name = "API token"
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values) & Q(scopes__len__gt=0), name="token_scopes_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"

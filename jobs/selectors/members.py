"""Reading who is in a workspace, and the tokens and secrets that belong to it. Nothing here reads a secret's value."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import OuterRef, QuerySet, Subquery

from jobs.errors import NotFoundError
from jobs.models import ApiToken, Membership, Secret, ServiceAccount, Workspace


def list_members(*, workspace: Workspace, limit: int, after: str | None = None) -> list[Membership]:
    """A page of the people in a workspace by user name, in one query; ``after`` is the last user name of the page before."""
    found = _people(workspace)
    found = found if after is None else found.filter(user__username__gt=after)
    return list(found.order_by("user__username")[:limit])


def find_member(*, workspace: Workspace, username: str) -> Membership:
    """The person's membership. Raises NotFoundError."""
    found = _people(workspace).filter(user__username=username).first()
    if found is None:
        raise NotFoundError(f"{username!r} is not a member of {workspace.slug}")
    return found


def list_service_accounts(*, workspace: Workspace, limit: int, after: str | None = None) -> list[ServiceAccount]:
    """A page of service accounts by name, in one query."""
    found = _accounts(workspace)
    found = found if after is None else found.filter(name__gt=after)
    return list(found.order_by("name")[:limit])


def find_service_account(*, workspace: Workspace, name: str) -> ServiceAccount:
    """The service account of that name. Raises NotFoundError."""
    found = _accounts(workspace).filter(name=name).first()
    if found is None:
        raise NotFoundError(f"there is no service account {name!r} in {workspace.slug}")
    return found


def tokens_of(*, user: User, within: int | None = None) -> QuerySet[ApiToken]:
    """A user's tokens; of those only the ones for a workspace, where the caller's token opens no other."""
    found = _tokens().filter(user=user)
    return found if within is None else found.filter(workspace=within)


def tokens_for(*, workspace: Workspace) -> QuerySet[ApiToken]:
    """The tokens that open this workspace alone, whosever they are."""
    return _tokens().filter(workspace=workspace)


def page_of_tokens(*, tokens: QuerySet[ApiToken], limit: int, after: int | None) -> list[ApiToken]:
    """A page of tokens, the newest first; ``after`` is the last id of the page before."""
    found = tokens if after is None else tokens.filter(pk__lt=after)
    return list(found.order_by("-pk")[:limit])


def find_token_of(*, tokens: QuerySet[ApiToken], token_id: int) -> ApiToken:
    """The token of that id among these. Raises NotFoundError."""
    found = tokens.filter(pk=token_id).first()
    if found is None:
        raise NotFoundError(f"there is no token {token_id}")
    return found


def list_secrets(*, workspace: Workspace, limit: int, after: str | None = None) -> list[Secret]:
    """A page of secrets by name, in one query, without what is in them."""
    found = Secret.objects.filter(workspace=workspace).defer("ciphertext")
    found = found if after is None else found.filter(name__gt=after)
    return list(found.order_by("name")[:limit])


def find_secret(*, workspace: Workspace, name: str) -> Secret:
    """The secret of that name, without what is in it. Raises NotFoundError."""
    found = Secret.objects.filter(workspace=workspace, name=name).defer("ciphertext").first()
    if found is None:
        raise NotFoundError(f"there is no secret {name!r} in {workspace.slug}")
    return found


def _people(workspace: Workspace) -> QuerySet[Membership]:
    return Membership.objects.filter(workspace=workspace, user__service_account=None).select_related("user")


def _accounts(workspace: Workspace) -> QuerySet[ServiceAccount]:
    role = Membership.objects.filter(workspace=workspace, user=OuterRef("user")).values("role")[:1]
    found = ServiceAccount.objects.filter(workspace=workspace).select_related("user", "workspace")
    return found.annotate(role=Subquery(role))


def _tokens() -> QuerySet[ApiToken]:
    return ApiToken.objects.select_related("user", "workspace")

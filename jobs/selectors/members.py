"""Reading who is in a workspace, and the tokens and secrets that belong to it. Nothing here reads a secret's value."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db.models import Count, OuterRef, QuerySet, Subquery

from jobs.errors import NotFoundError
from jobs.models import ApiToken, Membership, Secret, ServiceAccount, Workspace
from jobs.selectors.ordering import Wanted, wanted_of


def list_members(*, workspace: Workspace, wanted: Wanted) -> list[Membership]:
    """A page of the people in a workspace in one query."""
    return list(wanted_of(_people(workspace), wanted))


def find_member(*, workspace: Workspace, username: str) -> Membership:
    """The person's membership. Raises NotFoundError."""
    found = _people(workspace).filter(user__username=username).first()
    if found is None:
        raise NotFoundError(f"{username!r} is not a member of {workspace.slug}")
    return found


def list_service_accounts(*, workspace: Workspace, wanted: Wanted) -> list[ServiceAccount]:
    """A page of service accounts, in one query."""
    return list(wanted_of(_accounts(workspace), wanted))


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


def page_of_tokens(*, tokens: QuerySet[ApiToken], wanted: Wanted) -> list[ApiToken]:
    """A page of tokens, in one query."""
    return list(wanted_of(tokens, wanted))


def find_token_of(*, tokens: QuerySet[ApiToken], token_id: int) -> ApiToken:
    """The token of that id among these. Raises NotFoundError."""
    found = tokens.filter(pk=token_id).first()
    if found is None:
        raise NotFoundError(f"there is no token {token_id}")
    return found


def count_tokens(*, workspace: Workspace, user_ids: Sequence[int]) -> dict[int, int]:
    """How many tokens for this workspace alone these users have, by user id, in one query; those without any are left out."""
    found = ApiToken.objects.filter(workspace=workspace, user__in=user_ids).order_by()
    return dict(found.values_list("user").annotate(count=Count("pk")).values_list("user", "count"))


def list_secrets(*, workspace: Workspace, wanted: Wanted) -> list[Secret]:
    """A page of secrets, in one query, without what is in them."""
    found = Secret.objects.filter(workspace=workspace).defer("ciphertext")
    return list(wanted_of(found, wanted))


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

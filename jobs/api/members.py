"""Members of a workspace, and its service accounts: list, let in, change, put out."""

from __future__ import annotations

from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import lists
from jobs.api.access_requests import parse_member, parse_role, parse_service_account, parse_service_account_change
from jobs.api.access_shapes import member_json, service_account_json
from jobs.api.base import WorkspaceView
from jobs.api.described import access as on_access
from jobs.api.described.operation import described
from jobs.errors import FieldError, NotFoundError, ValidationError
from jobs.models import Role
from jobs.selectors.members import find_member, find_service_account, list_members, list_service_accounts
from jobs.services.members import remove_member, set_member
from jobs.services.service_accounts import (
    change_service_account,
    create_service_account,
    delete_service_account,
)
from jobs.services.workspaces import find_user

FOR_OWNERS = {"GET": Role.OWNER, "POST": Role.OWNER, "PUT": Role.OWNER, "PATCH": Role.OWNER, "DELETE": Role.OWNER}


@described(get=on_access.LIST_MEMBERS, post=on_access.ADD_MEMBER)
class MemberList(WorkspaceView):
    """``members/``"""

    roles, listing = FOR_OWNERS, lists.MEMBERS

    def get(self, request: Request, workspace: str) -> Response:
        """The people by user name."""
        asked = self.listing.asked(request)
        return asked.answer(list_members(workspace=self.workspace, wanted=asked.wanted), show=member_json)

    def post(self, request: Request, workspace: str) -> Response:
        """Let somebody in; 400 when nobody is called so, 409 when they are in."""
        asked = parse_member(request.data)
        try:
            user = find_user(username=asked.username)
        except NotFoundError as error:
            raise ValidationError([FieldError("username", str(error))]) from error
        made, _ = set_member(workspace=self.workspace, user=user, role=asked.role, actor=self.actor, must_be_new=True)
        location = request.build_absolute_uri(reverse("member", args=[workspace, user.get_username()]))
        return Response(member_json(made), status=status.HTTP_201_CREATED, headers={"Location": location})


@described(get=on_access.GET_MEMBER, put=on_access.CHANGE_MEMBER, delete=on_access.REMOVE_MEMBER)
class MemberDetail(WorkspaceView):
    """``members/{username}/``"""

    roles = FOR_OWNERS

    def get(self, request: Request, workspace: str, username: str) -> Response:
        """One of them."""
        return Response(member_json(find_member(workspace=self.workspace, username=username)))

    def put(self, request: Request, workspace: str, username: str) -> Response:
        """Give somebody who is in another role; 409 for the last owner."""
        role, present = parse_role(request.data), find_member(workspace=self.workspace, username=username)
        changed, _ = set_member(workspace=self.workspace, user=present.user, role=role, actor=self.actor)
        return Response(member_json(changed))

    def delete(self, request: Request, workspace: str, username: str) -> Response:
        """Put somebody out; 409 for the last owner."""
        present = find_member(workspace=self.workspace, username=username)
        remove_member(workspace=self.workspace, user=present.user, actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


@described(get=on_access.LIST_ACCOUNTS, post=on_access.CREATE_ACCOUNT)
class ServiceAccountList(WorkspaceView):
    """``service-accounts/``"""

    roles, listing = FOR_OWNERS, lists.SERVICE_ACCOUNTS

    def get(self, request: Request, workspace: str) -> Response:
        """The service accounts by name."""
        asked = self.listing.asked(request)
        found = list_service_accounts(workspace=self.workspace, wanted=asked.wanted)
        return asked.answer(found, show=service_account_json)

    def post(self, request: Request, workspace: str) -> Response:
        """Make one; 409 when there is one of its name."""
        asked = parse_service_account(request.data)
        create_service_account(
            workspace=self.workspace,
            name=asked.name,
            role=asked.role,
            description=asked.description,
            actor=self.actor,
        )
        location = request.build_absolute_uri(reverse("service-account", args=[workspace, asked.name]))
        made = find_service_account(workspace=self.workspace, name=asked.name)
        return Response(service_account_json(made), status=status.HTTP_201_CREATED, headers={"Location": location})


@described(get=on_access.GET_ACCOUNT, patch=on_access.CHANGE_ACCOUNT, delete=on_access.DELETE_ACCOUNT)
class ServiceAccountDetail(WorkspaceView):
    """``service-accounts/{name}/``"""

    roles = FOR_OWNERS

    def get(self, request: Request, workspace: str, name: str) -> Response:
        """One of them."""
        return Response(service_account_json(find_service_account(workspace=self.workspace, name=name)))

    def patch(self, request: Request, workspace: str, name: str) -> Response:
        """Give it another role or description."""
        asked = parse_service_account_change(request.data)
        account = find_service_account(workspace=self.workspace, name=name)
        change_service_account(account=account, role=asked.role, description=asked.description, actor=self.actor)
        return Response(service_account_json(find_service_account(workspace=self.workspace, name=name)))

    def delete(self, request: Request, workspace: str, name: str) -> Response:
        """Delete it with its tokens."""
        account = find_service_account(workspace=self.workspace, name=name)
        delete_service_account(account=account, actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)

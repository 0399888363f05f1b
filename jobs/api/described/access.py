"""The operations on workspaces, members, service accounts and secrets."""

from __future__ import annotations

from jobs.api.access_requests import (
    MemberRequest,
    NameRequest,
    RoleRequest,
    SecretRequest,
    ServiceAccountChange,
    ServiceAccountRequest,
    WorkspaceRequest,
)
from jobs.api.described.access_shapes import Member, Secret, ServiceAccount, Workspace
from jobs.api.described.operation import Answer, Operation
from jobs.api.described.shape import page_of

_WORKSPACE = Answer(says="The workspace, and the caller's role in it.", shape=Workspace)
_MEMBER = Answer(says="The member.", shape=Member)
_ACCOUNT = Answer(says="The service account.", shape=ServiceAccount)
_SECRET = Answer(says="The secret, without what is in it.", shape=Secret)
_GONE = {204: Answer(says="It is gone.")}
_LAST_OWNER = {409: "This is the last owner: make somebody else an owner first."}

LIST_WORKSPACES = Operation(
    id="listWorkspaces",
    tag="Workspaces",
    summary="List workspaces",
    says="The caller's workspaces; all of them for a superuser. With a token for one workspace that one alone.",
    answers={200: Answer(says="The workspaces by slug.", shape=page_of(Workspace))},
)
CREATE_WORKSPACE = Operation(
    id="createWorkspace",
    tag="Workspaces",
    summary="Create a workspace",
    says="Create a workspace, of which the caller becomes an owner. For superusers, with a session or a token that is for no"
    " single workspace.",
    body=WorkspaceRequest,
    example={"slug": "shop", "name": "The shop"},
    answers={
        201: Answer(
            says="The workspace.",
            shape=Workspace,
            headers=("Location",),
            example=Workspace.EXAMPLE | {"slug": "shop", "name": "The shop"},
        )
    },
    problems={409: "There is a workspace of this slug."},
)
GET_WORKSPACE = Operation(id="getWorkspace", tag="Workspaces", summary="Read a workspace", answers={200: _WORKSPACE})
RENAME_WORKSPACE = Operation(
    id="renameWorkspace",
    tag="Workspaces",
    summary="Rename a workspace",
    says="Give the workspace another name. Its slug stays.",
    body=NameRequest,
    example={"name": "The demonstration"},
    answers={200: _WORKSPACE},
)

LIST_MEMBERS = Operation(
    id="listMembers",
    tag="Members",
    summary="List members",
    says="The people in the workspace. Service accounts have a list of their own.",
    answers={200: Answer(says="The members by user name.", shape=page_of(Member))},
)
ADD_MEMBER = Operation(
    id="addMember",
    tag="Members",
    summary="Let somebody in",
    says="Make somebody who can log in a member of the workspace.",
    body=MemberRequest,
    example={"username": "carol", "role": "editor"},
    answers={
        201: Answer(
            says="The member.",
            shape=Member,
            headers=("Location",),
            example=Member.EXAMPLE | {"username": "carol", "role": "editor"},
        )
    },
    problems={409: "They are a member already."},
)
GET_MEMBER = Operation(id="getMember", tag="Members", summary="Read a member", answers={200: _MEMBER})
CHANGE_MEMBER = Operation(
    id="changeMember",
    tag="Members",
    summary="Give a member another role",
    says="Give a member another role. What they have running goes on.",
    body=RoleRequest,
    example={"role": "operator"},
    answers={200: _MEMBER},
    problems=_LAST_OWNER,
)
REMOVE_MEMBER = Operation(
    id="removeMember",
    tag="Members",
    summary="Put a member out",
    says="Put a member out. Their tokens open nothing here from now on, and schedules that act as them fire no more.",
    answers=_GONE,
    problems=_LAST_OWNER,
)

LIST_ACCOUNTS = Operation(
    id="listServiceAccounts",
    tag="Service accounts",
    summary="List service accounts",
    answers={200: Answer(says="The service accounts by name.", shape=page_of(ServiceAccount))},
)
CREATE_ACCOUNT = Operation(
    id="createServiceAccount",
    tag="Service accounts",
    summary="Create a service account",
    says="A user for programs. It is a member of this workspace alone, logs in nowhere, and gets in with tokens that are made for"
    " it.",
    body=ServiceAccountRequest,
    example={"name": "reports", "role": "viewer", "description": "Reads what ran"},
    answers={
        201: Answer(
            says="The service account.",
            shape=ServiceAccount,
            headers=("Location",),
            example=ServiceAccount.EXAMPLE
            | {
                "name": "reports",
                "username": "reports@demo.service",
                "role": "viewer",
                "description": "Reads what ran",
            },
        )
    },
    problems={409: "There is a service account of this name."},
)
GET_ACCOUNT = Operation(
    id="getServiceAccount", tag="Service accounts", summary="Read a service account", answers={200: _ACCOUNT}
)
CHANGE_ACCOUNT = Operation(
    id="changeServiceAccount",
    tag="Service accounts",
    summary="Change a service account",
    says="Give it another role or description. What the body leaves out stays.",
    body=ServiceAccountChange,
    example={"role": "editor"},
    answers={200: _ACCOUNT},
)
DELETE_ACCOUNT = Operation(
    id="deleteServiceAccount",
    tag="Service accounts",
    summary="Delete a service account",
    says="Delete it with its tokens. What it did stays under its name, and schedules that act as it fire no more.",
    answers=_GONE,
)

LIST_SECRETS = Operation(
    id="listSecrets",
    tag="Secrets",
    summary="List the names of secrets",
    answers={200: Answer(says="The secrets by name, without what is in them.", shape=page_of(Secret))},
)
GET_SECRET = Operation(
    id="getSecret",
    tag="Secrets",
    summary="Read when a secret was changed",
    says="Who changed it when, and not what it is.",
    answers={200: _SECRET},
)
SET_SECRET = Operation(
    id="setSecret",
    tag="Secrets",
    summary="Set a secret",
    says="Store a secret, or replace its value. Attempts that begin from now on read the new one.",
    body=SecretRequest,
    example={"value": "postgresql://loader@warehouse.example.com/shop"},
    answers={200: _SECRET},
)
DELETE_SECRET = Operation(
    id="deleteSecret",
    tag="Secrets",
    summary="Delete a secret",
    says="Delete it. Payloads and sinks that name it fail from now on.",
    answers=_GONE,
)

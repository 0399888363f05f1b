"""The operations on tokens: one's own, and those of a workspace."""

from __future__ import annotations

from typing import Any

from jobs.api.access_requests import OwnTokenRequest, WorkspaceTokenRequest
from jobs.api.described.access_shapes import NewToken, Token
from jobs.api.described.operation import Answer, Operation
from jobs.api.described.shape import page_of

JSON = Any
TAG = "Tokens"
OWN, BOUND = 21, 22
"""Ids that the examples name."""
_BOUND: dict[str, JSON] = Token.EXAMPLE | {
    "id": BOUND,
    "name": "deploy",
    "username": "ci@demo.service",
    "workspace": "demo",
}
_REVOKED = {204: Answer(says="It is revoked: the next call with it is a 401.")}


def _made(**fields: JSON) -> dict[int, Answer]:
    return {
        201: Answer(
            says="The token, in this one answer with the token itself.",
            shape=NewToken,
            headers=("Location",),
            example=NewToken.EXAMPLE | {"id": 23, **fields},
        )
    }


LIST_OWN = Operation(
    id="listTokens",
    tag=TAG,
    summary="List one's own tokens",
    says="The caller's tokens. With a token for one workspace those for that one alone.",
    answers={200: Answer(says="The tokens, the newest first.", shape=page_of(Token))},
)
CREATE_OWN = Operation(
    id="createToken",
    tag=TAG,
    summary="Create a token for oneself",
    says="Make a token that may do what the caller may, within its scopes; with `workspace` in that one alone. A caller whose"
    " token is for one workspace makes tokens for that one alone. A token that is made with another opens no more than that one,"
    " and for no longer: without `expires_at` it expires with it.",
    body=OwnTokenRequest,
    example={"name": "notebook", "scopes": ["jobs:read"], "expires_at": "2099-12-31T00:00:00Z"},
    answers=_made(name="notebook", scopes=["jobs:read"], expires_at="2099-12-31T00:00:00Z"),
    problems={404: "The caller is in no workspace of this slug, or their token is not for it."},
)
GET_OWN = Operation(
    id="getToken",
    tag=TAG,
    summary="Read one of one's own tokens",
    answers={200: Answer(says="The token, without itself.", shape=Token)},
    path={"token_id": OWN},
)
REVOKE_OWN = Operation(
    id="revokeToken",
    tag=TAG,
    summary="Revoke one of one's own tokens",
    answers=_REVOKED,
    path={"token_id": OWN},
)
LIST = Operation(
    id="listWorkspaceTokens",
    tag=TAG,
    summary="List the tokens for a workspace",
    says="The tokens that open this workspace alone, whosever they are.",
    answers={200: Answer(says="The tokens, the newest first.", shape=page_of(Token))},
)
CREATE = Operation(
    id="createWorkspaceToken",
    tag=TAG,
    summary="Create a token for a workspace",
    says="Make a token that opens this workspace alone: for a service account of the workspace, or for oneself.",
    body=WorkspaceTokenRequest,
    example={"name": "reports", "scopes": ["jobs:read"], "service_account": "ci"},
    answers=_made(name="reports", scopes=["jobs:read"], username="ci@demo.service", workspace="demo"),
    problems={404: "There is no such workspace, or not for this caller; or it has no service account of this name."},
)
GET = Operation(
    id="getWorkspaceToken",
    tag=TAG,
    summary="Read a token for a workspace",
    answers={200: Answer(says="The token, without itself.", shape=Token, example=_BOUND)},
    path={"token_id": BOUND},
)
REVOKE = Operation(
    id="revokeWorkspaceToken",
    tag=TAG,
    summary="Revoke a token for a workspace",
    says="Revoke it, whosever it is.",
    answers=_REVOKED,
    path={"token_id": BOUND},
)

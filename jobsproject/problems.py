"""The kinds of problem that the API tells of, each with a word of its own, and the page that its ``type`` leads to.

The words are stable: a client may tell problems apart by them. docs/reference/problems.md says the same (a test sees to it).
"""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe


class Kind(NamedTuple):
    """One kind of problem. ``title`` and what follows are sentences for people."""

    status: int
    title: str
    meaning: str
    remedy: str


KINDS: dict[str, Kind] = {
    "invalid-input": Kind(
        400,
        "The input was refused",
        "A field of the body, a parameter of the query or a header is not what it should be. Nothing was changed.",
        "Each entry of `errors` names a field and says what would be right: mend them all, and send it again.",
    ),
    "not-authenticated": Kind(
        401,
        "Nobody is known to be calling",
        "There is no token, or it is unknown, revoked or has expired.",
        "Send a token as `Authorization: Bearer <token>`.",
    ),
    "forbidden": Kind(
        403,
        "The caller may not do this",
        "The caller is known and may see what is concerned, and may not do this with it.",
        "Ask an owner of the workspace for the role, or for a token with the scope, that `detail` names.",
    ),
    "not-found": Kind(
        404,
        "There is no such thing",
        "It does not exist, or not for this caller: of which of the two it is nothing is told.",
        "Look at the address: the workspace, the key or id, and the slash at its end.",
    ),
    "method-not-allowed": Kind(
        405,
        "The method is not offered",
        "There is something at this address, but not for this method.",
        "Use one of those that the header `Allow` names.",
    ),
    "conflict": Kind(
        409,
        "The present state forbids it",
        "The request is well formed, and what it concerns is in a state in which it cannot be done: `detail` says in which.",
        "Change that state first, or wait for it to change.",
    ),
    "out-of-date": Kind(
        409,
        "It was changed meanwhile",
        "The `version` or `expected_updated_at` of the body is not that of what is to be changed: somebody else was faster.",
        "Read it again, and repeat the change if it still makes sense.",
    ),
    "changed-meanwhile": Kind(
        409,
        "Something that this depends on was changed",
        "While the request was worked on, something that it refers to was changed or deleted. Nothing of it was done.",
        "Read again what it refers to, and send it again.",
    ),
    "request-under-way": Kind(
        409,
        "The first request with this key is under way",
        "Another request with the same `Idempotency-Key` has not been answered yet.",
        "Send it again after `Retry-After` seconds: it is answered as the first one was.",
    ),
    "gone": Kind(
        410,
        "It was erased",
        "It was there, and a cleanup has erased it: it will not come back.",
        "Do without it, or run the job again.",
    ),
    "precondition-failed": Kind(
        412,
        "It has another version",
        "`If-Match` names another version than the one that there is: somebody else was faster.",
        "Read it again, and repeat the change with its new `ETag` if it still makes sense.",
    ),
    "body-too-large": Kind(
        413,
        "The body is too large",
        "The body has more bytes than this address takes.",
        "Send less at once: `detail` says how much is taken.",
    ),
    "unsupported-media-type": Kind(
        415,
        "The body is of another kind",
        "The body's `Content-Type` is none that this address takes.",
        "Send JSON as `application/json`.",
    ),
    "key-reused": Kind(
        422,
        "The idempotency key was used for something else",
        "The `Idempotency-Key` was used before, with another body or at another address.",
        "Give each request that is another one a key of its own.",
    ),
    "too-many-requests": Kind(
        429,
        "Too many requests",
        "The caller has sent more requests than it may in this time.",
        "Wait for `Retry-After` seconds. `RateLimit` in each answer says how many are left.",
    ),
    "internal-error": Kind(
        500,
        "An error of the system",
        "The system has failed, and has logged it.",
        "Try again later, and tell whoever runs it when it was and what was asked for.",
    ),
    "unavailable": Kind(
        503,
        "Something is away for now",
        "The database, or something else that this needs, cannot be reached for the moment.",
        "Send it again after `Retry-After` seconds; with the same `Idempotency-Key`, where it has one.",
    ),
    "other": Kind(
        400,
        "The request could not be served",
        "The request was refused for a reason that has no kind of its own.",
        "`detail` says why.",
    ),
}
_BY_STATUS = {kind.status: word for word, kind in reversed(KINDS.items())} | {
    400: "invalid-input",
    409: "conflict",
}


def kind_of(status: int) -> str:
    """The word for a status of which nothing closer is known."""
    return _BY_STATUS.get(status, "other")


def type_of(word: str) -> str:
    """The URI that a problem has as its ``type``: relative to this site, unless a setting says where such pages are."""
    return f"{settings.JOBS_PROBLEM_BASE or '/problems'}/{word}/"


@require_safe
def explain(request: HttpRequest, word: str) -> HttpResponse:
    """What a kind of problem means and what to do: for whoever follows its ``type``. Public: it is documentation."""
    kind = KINDS.get(word)
    if kind is None:
        raise Http404
    text = f"{kind.title} ({word}, status {kind.status})\n\n{kind.meaning}\n\nWhat to do: {kind.remedy}\n"
    return HttpResponse(text, content_type="text/plain; charset=utf-8")

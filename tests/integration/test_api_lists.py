"""The short lists: orders, filters, fields and pages, said once and read strictly."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.api.listing import Listing
from jobs.models import Origin, Role, Workspace
from jobs.services.groups import save_group
from jobs.services.secrets import set_secret
from jobs.services.service_accounts import create_service_account
from jobs.services.tokens import create_token
from sinks.services.naming import save_sink
from sinks.services.ruling import save_rule
from tests.integration.people import NOW, Api, make_user, make_workspace
from tests.integration.walks.routes import api_routes

pytestmark = pytest.mark.django_db
NAMES = ("ant", "bee", "cow")
LISTS = {
    route.name: (route.address, route.view.listing)
    for route in api_routes()
    if isinstance(getattr(route.view, "listing", None), Listing)
}
EVERY = pytest.mark.parametrize("name", sorted(LISTS))
ORDERS = [(name, order) for name in sorted(LISTS) for order in LISTS[name][1].orders]


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def owner(workspace: Workspace) -> Api:
    """In a workspace that has three of each, and one of another's."""
    user = make_user("olga", workspace=workspace, role=Role.OWNER)
    for name in NAMES:
        _one_of_each(workspace, name)
        make_user(name, workspace=make_workspace(f"w-{name}"), role=Role.VIEWER)
        create_token(user=user, name=name, actor="olga", now=NOW)
        make_workspace_of(user, f"z-{name}")
    _one_of_each(make_workspace("other"), "dog")
    return Api(user)


def make_workspace_of(user: Any, slug: str) -> None:
    """One in which the user is."""
    workspace = make_workspace(slug)
    workspace.memberships.create(user=user, role=Role.VIEWER)


def _one_of_each(workspace: Workspace, name: str) -> None:
    make_user(f"member-{name}", workspace=workspace, role=Role.VIEWER)
    save_group(workspace=workspace, name=name, limit=1, rate=None, actor="olga")
    set_secret(workspace=workspace, name=name, value="hush hush", actor="olga")
    account = create_service_account(workspace=workspace, name=name, role=Role.VIEWER, actor="olga")
    create_token(user=account.user, name=name, workspace=workspace, actor="olga", now=NOW)
    save_sink(workspace=workspace, document={"name": name, "kind": "log"}, actor="olga")
    save_rule(workspace=workspace, document={"name": name, "sink": name}, actor="olga")
    Origin.objects.create(
        workspace=workspace, kind="sink", name=name, source="shop", path="a.yaml", digest="0" * 64, applied_by="olga"
    )


def ask(api: Api, name: str, **query: Any) -> Any:
    """GET the list."""
    return api.client.get(LISTS[name][0].format(workspace="acme"), query, headers=api.headers)


def found(answer: Any) -> list[dict[str, Any]]:
    """Its entries."""
    assert answer.status_code == 200, answer.json()
    entries: list[dict[str, Any]] = answer.json()["results"]
    return entries


def test_there_are_lists() -> None:
    assert len(LISTS) == 10


@EVERY
def test_an_entry_has_the_fields_that_may_be_asked_for(owner: Api, name: str) -> None:
    listing = LISTS[name][1]
    assert set(found(ask(owner, name))[0]) == set(listing.fields)
    for field in listing.fields:
        assert {frozenset(entry) for entry in found(ask(owner, name, fields=field))} == {frozenset([field])}


@pytest.mark.parametrize(("name", "order"), ORDERS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_pages_in_each_order_have_each_entry_once(owner: Api, name: str, order: str, sign: str) -> None:
    word = sign + order.removeprefix("-")
    whole = found(ask(owner, name, order=word))
    answer = ask(owner, name, order=word, limit=2)
    entries = found(answer)
    while answer.json()["next"]:
        answer = owner.client.get(answer.json()["next"], headers=owner.headers)
        entries += found(answer)
    assert entries == whole
    assert len(whole) >= 3
    column = order.removeprefix("-")
    values = [entry[column] for entry in whole]
    assert values == sorted(values, reverse=bool(sign))


@EVERY
def test_what_is_not_known_is_refused_by_its_name(owner: Api, name: str) -> None:
    for wrong in ({"colour": "red"}, {"order": "colour"}, {"fields": "colour"}, {"limit": "0"}, {"after": "a\x00b"}):
        answer = ask(owner, name, **wrong)
        assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (400, list(wrong))


@EVERY
def test_no_value_of_a_filter_or_a_place_is_an_error_of_the_server(owner: Api, name: str) -> None:
    listing = LISTS[name][1]
    names = [each.parameter.name for each in listing.filters]
    for value in ("", "x" * 3000, "%", "~", "1~", "2026-01-01T00:00:00Z~99999999999999999999", "\ud7ff", "0001-01-01"):
        for parameter in (*names, "after"):
            for order in listing.orders:
                assert ask(owner, name, order=order, **{parameter: value}).status_code in (200, 400)


@EVERY
def test_a_filter_that_fits_nothing_leaves_nothing(owner: Api, name: str) -> None:
    for each in LISTS[name][1].filters:
        if each.parameter.schema == {"type": "string"}:
            assert found(ask(owner, name, **{each.parameter.name: "no such thing"})) == []


@EVERY
def test_it_costs_as_many_queries_however_long_it_is(owner: Api, name: str) -> None:
    ask(owner, name)
    with CaptureQueriesContext(
        connection,
    ) as short:
        ask(owner, name, limit=1)
    with CaptureQueriesContext(connection) as long:
        ask(owner, name)
    assert len(short) == len(long)


@pytest.mark.parametrize(
    ("name", "query", "left"),
    [
        ("members", {"role": "owner"}, 1),
        ("members", {"search": "MEMBER-B"}, 1),
        ("members", {"active": "false"}, 0),
        ("service-accounts", {"role": "viewer"}, 3),
        ("service-accounts", {"role": "editor"}, 0),
        ("service-accounts", {"created_by": "olga", "search": "o"}, 1),
        ("secrets", {"updated_by": "olga"}, 3),
        ("secrets", {"search": "BE"}, 1),
        ("workspace-tokens", {"username": "ant@acme.service"}, 1),
        ("tokens", {"search": "cow"}, 1),
        ("tokens", {"expires_before": "2020-01-01T00:00:00Z"}, 0),
        ("groups", {"search": "an"}, 1),
        ("sinks", {"kind": "log"}, 3),
        ("sinks", {"kind": "s3"}, 0),
        ("notice-rules", {"sink": "bee"}, 1),
        ("workspaces", {"search": "Z-ANT"}, 1),
    ],
)
def test_filters_keep_what_fits(owner: Api, name: str, query: dict[str, str], left: int) -> None:
    assert len(found(ask(owner, name, **query))) == left


class TestTheAudit:
    def test_it_is_read_from_either_end(self, owner: Api) -> None:
        newest = [entry["id"] for entry in found(owner.get("audit/", fields="id"))]
        oldest = [entry["id"] for entry in found(owner.get("audit/", fields="id", order="id"))]
        assert newest == oldest[::-1]
        assert len(newest) > 3
        first = owner.get("audit/", order="id", limit=2, fields="id").json()
        following = owner.client.get(first["next"], headers=owner.headers)
        assert [entry["id"] for entry in found(following)] == oldest[2:4]

    def test_its_entries_have_the_fields_that_may_be_asked_for(self, owner: Api) -> None:
        entry = found(owner.get("audit/"))[0]
        assert set(found(owner.get("audit/", fields=",".join(entry)))[0]) == set(entry)
        answer = owner.get("audit/", fields="colour")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "fields")

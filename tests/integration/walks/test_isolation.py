"""What a token of one workspace learns of another: nothing, by whatever it asks for.

Beside acme stands a workspace in which everything is named after the zebra. Acme's owner sends every GET there is, with every
parameter that each of them knows. An answer may hold no zebra that was not in the question; and to a question with a zebra in
it the answer must be what it is to the same question about a zebru, which there is none of anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from jobs.api.described.operation import operation_of
from jobs.api.live.views import OfWorkspace
from jobs.models import Scope
from tests.integration.people import Api
from tests.integration.walks.routes import Route, api_routes
from tests.integration.walks.test_admin_walk import state
from tests.integration.walks.test_api_walk import OPEN_TO_ALL
from tests.integration.walks.world import World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

SHARED = ("workspace", "position", "place", "worker_id")
"""Parameters of addresses that name nothing of a workspace's own; a worker serves all of them."""
READS = [route for route in api_routes() if route.view not in OPEN_TO_ALL and "GET" in route.methods]
AT_REST = [route for route in READS if not (isinstance(route.view, type) and issubclass(route.view, OfWorkspace))]
"""Without streams and long polls, which see what is committed alone: tests/integration/live/test_access.py asks them."""
WRITES = [
    (route, method)
    for route in api_routes()
    if route.view not in OPEN_TO_ALL and route.in_workspace
    for method in route.methods
    if method != "GET"
]
_MADE = re.compile(r"""("id": ?|bulk-actions/|"action": ?)[0-9]+""")
MAKING = ("secret",)
"""Addresses at which a PUT makes what there is not: one's own, of that name."""
THEIRS, NOBODYS = "zebra", "zebru"
NO_ID = 987_654_321
"""An id that nothing has, and no other number contains."""
THEIR_IDS = 765_432_100
"""What the ids of theirs begin at."""
COUNTING = ("after", "limit", "position", "count", "days", "wait")
"""Parameters whose numbers name nothing, or where a page begins: of these only what is found counts."""


@pytest.fixture
def theirs(db: None) -> World:
    """The other workspace. Its numbers are in no time and no bound that an answer may speak of."""
    with connection.cursor() as cursor:
        for table in ("jobs_run", "sinks_delivery"):
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, THEIR_IDS])
    return make_world(mark=THEIRS, slug=f"{THEIRS}-farm")


@pytest.fixture
def api(world: World, theirs: World) -> Api:
    """Acme's owner, with a token for acme that opens all of it."""
    api = Api(world.owner, scopes=[Scope.ADMIN], bound=world.workspace)
    api.base = ""
    return api


def known_parameters(api: Api, address: str) -> list[str]:
    """Those that a view says it knows, when it is given one that it does not."""
    known = re.search(r"known are ([\w, ]+)", told(api.get(address, nonsense="x"))[1])
    return [] if known is None else known[1].split(", ")


def questions(world: World) -> Iterator[tuple[object, object]]:
    """What a parameter may be asked with: something of theirs, and what is nobody's."""
    names = [THEIRS, world.owner.username, *(f"{THEIRS}-{what}" for what in ("sink", "rule", "plan")), world.job.key]
    yield from ((name, name.replace(THEIRS, NOBODYS)) for name in names)
    yield from ((world.objects[parameter], NO_ID) for parameter in ("run_id", "delivery_id"))


def questions_for(parameter: str, world: World) -> Iterator[tuple[object, object]]:
    """Those that fit it: a number would have ``wait`` wait."""
    return (each for each in questions(world) if parameter != "wait" or isinstance(each[0], str))


def told(answer: Any) -> tuple[int, str]:
    """An answer as a person reads it, whole."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer.status_code, content.decode(errors="replace") + str(dict(answer.headers))


def same(one: tuple[int, str], other: tuple[int, str], asked: tuple[object, object]) -> bool:
    """Whether two answers differ by what was asked alone, and by the time."""
    return one[0] == other[0] and _plain(one[1], asked[0]) == _plain(other[1], asked[1])


def _plain(text: str, asked: object) -> str:
    without = re.sub(rf"(?<![0-9a-z]){re.escape(str(asked))}(?![0-9])", "*", text) if isinstance(asked, int) else text
    named = without.replace(THEIRS, NOBODYS)
    # What an answer weighs and its tag follow from its text, which is compared, but for the times in it.
    bare = re.sub(r"""'(Content-Length|ETag)': ('[^']*'|"[^"]*")""", "", named)
    return re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]+", "@", bare)


def test_the_walk_knows_the_parameters(api: Api, world: World) -> None:
    """Or it would ask for nothing."""
    found = {route.name: known_parameters(api, route.filled(world.objects)) for route in READS}
    assert {"job", "state"} <= set(found["runs"])
    assert {"rule", "job", "run"} <= set(found["notices"])
    assert sum(map(bool, found.values())) >= 20


def test_a_plain_question_is_answered_without_them(api: Api, world: World) -> None:
    leaking = [str(route) for route in AT_REST if THEIRS in told(api.get(route.filled(world.objects)))[1]]
    assert leaking == []


def test_a_parameter_finds_nothing_of_theirs(api: Api, world: World, theirs: World) -> None:
    leaking = []
    for route in AT_REST:
        address = route.filled(world.objects)
        for parameter in known_parameters(api, address):
            for asked in questions_for(parameter, theirs):
                theirs_told = told(api.get(address, **{parameter: asked[0]}))
                if parameter in COUNTING and isinstance(asked[0], int):
                    leaks = THEIRS in theirs_told[1]
                else:
                    leaks = not same(theirs_told, told(api.get(address, **{parameter: asked[1]})), asked)
                if leaks:
                    leaking.append((str(route), parameter, asked, theirs_told))
    assert leaking == []


def test_an_address_of_theirs_is_as_one_of_nobody(api: Api, world: World, theirs: World) -> None:
    """In acme's addresses the other workspace's objects, one parameter after the other and all at once."""
    leaking = []
    for route in READS:
        own = [parameter for parameter in route.converters if parameter not in SHARED]
        for parameters in [*([each] for each in own), own][: len(own) + (len(own) > 1)]:
            asked = named(route, parameters, theirs)
            theirs_told, nobodys_told = (told(api.get(route.filled(world.objects | objects))) for objects in asked)
            number = next((each for each in asked[0].values() if isinstance(each, int)), -1)
            if theirs_told[0] not in (400, 404) or not same(theirs_told, nobodys_told, (number, NO_ID)):
                leaking.append((str(route), parameters, theirs_told, nobodys_told))
    assert leaking == []


def test_writing_to_an_address_of_theirs_is_as_to_one_of_nobody_and_changes_nothing(
    api: Api, world: World, theirs: World
) -> None:
    """Every method that writes, with the body of the document's example: so that it gets as far as the object."""
    before, leaking, reached = state(theirs), [], 0
    for route, method in WRITES:
        own = [parameter for parameter in route.converters if parameter not in SHARED]
        for parameters in [*([each] for each in own), own][: len(own) + (len(own) > 1)]:
            asked = named(route, parameters, theirs)
            body = example_of(route, method)
            theirs_told, nobodys_told = (
                sent(api, method, route.filled(world.objects | objects), body) for objects in asked
            )
            number = next((each for each in asked[0].values() if isinstance(each, int)), -1)
            reached += theirs_told[0] == 404
            fits = 400 <= theirs_told[0] < 500 or (route.name in MAKING and theirs_told[0] == 200)
            if not fits or not same(theirs_told, nobodys_told, (number, NO_ID)):
                leaking.append((method, str(route), parameters, theirs_told, nobodys_told))
    assert leaking == []
    assert reached > 60
    assert state(theirs) == before


def test_what_a_body_names_of_theirs_is_as_nobodys(api: Api, world: World, theirs: World) -> None:
    before, leaking = state(theirs), []
    run, delivery = int(str(theirs.objects["run_id"])), int(str(theirs.objects["delivery_id"]))
    base = f"/api/v1/workspaces/{world.workspace.slug}/"
    for path, body in bodies(theirs, run=run, delivery=delivery):
        number = next((each for each in (run, delivery) if str(each) in str(body)), -1)
        nobodys = json.loads(
            json.dumps(body).replace(THEIRS, NOBODYS).replace(str(run), str(NO_ID)).replace(str(delivery), str(NO_ID))
        )
        asked = [sent(api, "POST", base + path, each) for each in (body, nobodys)]
        if not same(asked[0], asked[1], (number, NO_ID)) or asked[0][0] >= 500:
            leaking.append((path, body, asked))
    assert leaking == []
    assert state(theirs) == before


def bodies(theirs: World, *, run: int, delivery: int) -> Iterator[tuple[str, Any]]:
    """What a body may name: runs, deliveries, jobs, sinks, groups, rules."""
    job, sink = theirs.job.key, f"{THEIRS}-sink"
    yield from (("runs/bulk-terminate/", {"ids": [run]}), ("runs/bulk-terminate/", {"filter": {"job": job}}))
    yield from (("runs/bulk/", {"action": what, "ids": [run]}) for what in ("pause", "resume", "rerun"))
    yield from (("jobs/bulk/", {"action": what, "keys": [job]}) for what in ("pause", "resume", "trigger"))
    yield from (("jobs/bulk/", {"action": "pause", "filter": {each: THEIRS}}) for each in ("tag", "group", "search"))
    yield from (("deliveries/redeliver/", each) for each in ({"deliveries": [delivery]}, {"run": run}, {"sink": sink}))
    yield ("deliveries/redeliver/", {"sink": sink, "job": job})
    ping = {"key": "task:mine", "payload": [{"kind": "noop"}]}
    yield ("jobs/", ping | {"sinks": [{"sink": sink}]})
    yield ("jobs/", ping | {"configuration": {"concurrency_group": f"{THEIRS}-group"}})
    yield ("jobs/", ping | {"schedules": [{"triggers": [{"type": "completion", "job": job, "on": "any"}]}]})
    yield ("notice-rules/", {"name": "mine", "sink": sink})
    yield ("origins/release/", {"kind": "job", "name": job})


def example_of(route: Route, method: str) -> object:
    """A body that the address takes, or an empty one; and None where it takes none."""
    if method == "DELETE":
        return None
    operation = operation_of(route.view, method.lower())
    return {} if operation is None or operation.example is None else operation.example


def sent(api: Api, method: str, address: str, body: object) -> tuple[int, str]:
    """What a call is told; whatever it does is undone, and an id that it made is as any other."""
    with transaction.atomic():
        answer = told(api.send(method, address, body))
        transaction.set_rollback(True)
    return answer[0], _MADE.sub(r"\1*", answer[1])


def named(route: Route, parameters: list[str], theirs: World) -> tuple[dict[str, object], dict[str, object]]:
    """For an address: something of theirs, and what is nobody's."""
    own = f"{route.name}."
    objects = {own + name: theirs.objects.get(own + name, theirs.objects.get(name)) for name in parameters}
    return objects, {
        name: value.replace(THEIRS, NOBODYS) if isinstance(value, str) else NO_ID for name, value in objects.items()
    }


def test_their_workspace_is_as_none_at_all(api: Api, theirs: World) -> None:
    slugs = (theirs.workspace.slug, theirs.workspace.slug.replace(THEIRS, NOBODYS))
    leaking = []
    for route in READS:
        if route.in_workspace:
            one, other = (told(api.get(route.filled(theirs.objects | {"workspace": slug}))) for slug in slugs)
            if one[0] != 404 or not same(one, other, slugs):
                leaking.append((str(route), one, other))
    assert leaking == []

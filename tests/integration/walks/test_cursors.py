"""What ``after`` may be made to say: a forged place is refused by name or finds nothing of others, and nothing breaks."""

from __future__ import annotations

import pytest

from jobs.models import Scope
from tests.integration.people import Api
from tests.integration.walks.test_isolation import AT_REST, THEIRS, known_parameters, told
from tests.integration.walks.world import World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

FORGED = (
    *("0", "-1", "9" * 18, "9" * 19, "9" * 40, "1.5", "\u0661", "\x00", "", "~", "'", "%", "zebra"),
    *("9999-12-31T23:59:59+00:00~1", "0001-01-01T00:00:00+14:00~1", "2026-13-01T00:00:00Z~1", "2026-01-01~1"),
    *("task:zebra-job", "task:x~1~1", "999999999~9999", "1~", "~1", "null", "[]", "a~999999999~999999999"),
)


def test_a_forged_place_breaks_nothing_and_shows_nothing_of_others(world: World) -> None:
    make_world(mark=THEIRS, slug=f"{THEIRS}-farm")
    api = Api(world.owner, scopes=[Scope.ADMIN], bound=world.workspace)
    api.base = ""
    wrong, asked = [], 0
    for route in AT_REST:
        address = route.filled(world.objects)
        if "after" not in known_parameters(api, address):
            continue
        for after in FORGED:
            asked += 1
            status, text = told(api.get(address, after=after))
            # 404: the decisions of a schedule are gone on with from one that there is.
            if status not in (200, 400, 404) or (THEIRS in text and THEIRS not in after):
                wrong.append((route.name, after, status, text[:200]))
    assert wrong == []
    assert asked > 20 * len(FORGED)

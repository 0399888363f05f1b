"""Whatever schemathesis makes of the document, the API answers as the document says: with all checks, as the owner and as nobody.

``make schemathesis`` goes on for longer.
"""

from __future__ import annotations

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, settings

from jobs.services.tokens import create_token
from jobsproject.openapi import document
from tests.integration.openapi.world import undone
from tests.integration.people import NOW

pytestmark = pytest.mark.django_db
REFUSED = "400"
"""A body may fit its schema and be refused all the same: for a time zone that there is not, two fields that exclude each other, a
secret that is missing. JSON Schema has no words for that; the answer does."""
ACCEPTED = ["2xx", "401", "403", "404", "409", "410", "412", REFUSED]

api = schemathesis.openapi.from_dict(
    document(),
    config=schemathesis.Config.from_dict(
        {
            "checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}},
            "generation": {"deterministic": True},
        }
    ),
)
api.app = get_wsgi_application()
BOUNDED = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module")
def token(owner: User) -> str:
    return create_token(user=owner, name="schemathesis", now=NOW)[1]


@api.parametrize()
@BOUNDED
def test_as_the_owner(case: schemathesis.Case, token: str) -> None:
    with undone():
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"})


@api.parametrize()
@BOUNDED
def test_as_nobody(case: schemathesis.Case, owner: User) -> None:
    with undone():
        case.call_and_validate()

"""Logging in through an OpenID Connect provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from jobs.models import Role
from jobs.services.service_accounts import create_service_account
from jobsproject.oidc_settings import provider_settings
from tests.integration import oidc_urls
from tests.integration.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.integration.people import make_user, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    """One that this site is registered at."""
    with Provider() as provider:
        for name, value in provider_settings(provider.document).items():
            setattr(settings, name, value)
        settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
        settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, "jobsproject.oidc.ProviderBackend"]
        settings.ROOT_URLCONF = oidc_urls.__name__
        yield provider


@pytest.fixture
def ann() -> User:
    """Who has the address that the provider knows."""
    return make_user("ann", email="Ann@example.org", is_staff=True)


def come_back(provider: Provider, **sent: str) -> tuple[int, bool]:
    """Log in there and come back: how that is answered, and whether one is in."""
    browser = Client()
    away = browser.get("/oidc/authenticate/?next=/admin/")
    assert away.status_code == 302
    answer = browser.get("/oidc/callback/", provider.authorize(away.headers["Location"]) | sent)
    return answer.status_code, browser.get("/admin/").status_code == 200


class TestComingBack:
    def test_lets_in_who_has_the_verified_address(self, provider: Provider, ann: User) -> None:
        assert come_back(provider) == (302, True)
        assert User.objects.count() == 1

    @pytest.mark.parametrize(
        "user",
        [
            {"email": "bob@example.org"},
            {"email_verified": False},
            {"email_verified": None},
            {"email": None},
            {"sub": "2"},
        ],
    )
    def test_lets_in_nobody_else_and_makes_nobody(self, provider: Provider, ann: User, user: dict[str, Any]) -> None:
        provider.user |= user
        assert come_back(provider) == (302, False)
        assert list(User.objects.values_list("username", flat=True)) == ["ann"]

    def test_lets_in_nobody_who_may_not_log_in(self, provider: Provider, ann: User) -> None:
        User.objects.update(is_active=False)
        assert come_back(provider) == (302, False)

    def test_lets_in_nobody_where_two_have_the_address(self, provider: Provider, ann: User) -> None:
        make_user("ann2", email="ann@example.org", is_staff=True)
        assert come_back(provider) == (302, False)

    def test_lets_in_no_service_account(self, provider: Provider) -> None:
        create_service_account(workspace=make_workspace(), name="ci", role=Role.OWNER, actor="ann")
        User.objects.update(email="ann@example.org", is_staff=True)
        assert come_back(provider) == (302, False)


class TestTheIDToken:
    @pytest.mark.parametrize(
        "token",
        [
            {"iss": "https://elsewhere.example.org"},
            {"aud": "somebody-else"},
            {"aud": ["somebody-else"]},
            {"azp": "somebody-else"},
            {"nonce": "of another login"},
            {"exp": 1},
            {"exp": None},
        ],
    )
    def test_is_for_this_site_this_login_and_now(self, provider: Provider, ann: User, token: dict[str, Any]) -> None:
        provider.token = token
        assert come_back(provider) == (400, False)

    def test_is_signed_by_the_provider(self, provider: Provider, ann: User) -> None:
        provider.signing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        assert come_back(provider) == (400, False)

    def test_comes_with_the_state_that_was_sent(self, provider: Provider, ann: User) -> None:
        assert come_back(provider, state="another")[1] is False


class TestTheSetting:
    def test_is_off_by_default(self) -> None:
        assert Client().get("/oidc/authenticate/").status_code == 404
        assert "from elsewhere" not in Client().get("/admin/login/").content.decode()

    def test_puts_a_link_onto_the_login_page(self, provider: Provider) -> None:
        page = Client().get("/admin/login/?next=/admin/jobs/").content.decode()
        assert 'href="/oidc/authenticate/?next=/admin/jobs/"' in page

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"jwks_uri": None}, "lacks jwks_uri"),
            ({"id_token_signing_alg_values_supported": ["HS256"]}, "neither RS256"),
        ],
    )
    def test_a_provider_that_cannot_be_used_stops_the_start(self, change: dict[str, Any], words: str) -> None:
        names = ("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
        document = {name: "https://id.example.org" for name in names} | change
        with pytest.raises(ImproperlyConfigured, match=words):
            provider_settings(document)

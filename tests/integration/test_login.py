"""Logging in: how often somebody may try, over what, and what a browser may do with our pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections
from django.test import Client

from jobs.models import Role
from jobsproject.content_policy import ADMIN, OWN_PAGES, STRICT
from tests.integration.people import Api, make_user, make_workspace, signed_in

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a-long-password-7"

pytestmark = pytest.mark.django_db


@pytest.fixture
def eve() -> User:
    user = make_user("eve", is_staff=True)
    user.set_password(PASSWORD)
    user.save()
    return user


def attempt(password: str, *, name: str = "eve", address: str = "192.0.2.1") -> int:
    """How somebody's try to log in is answered: 302 when they are in, 200 with the form again, 429 when they are locked out."""
    typed = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post("/admin/login/?next=/admin/", typed).status_code


class TestWrongPasswords:
    def test_lock_a_name_out_at_that_address_also_for_the_right_one(self, eve: User, settings: Any) -> None:
        settings.AXES_FAILURE_LIMIT = 3
        tries = [attempt("wrong"), attempt("wrong"), attempt("wrong"), attempt(PASSWORD)]
        assert (tries[:2], tries[3]) == ([200, 200], 429)
        assert attempt(PASSWORD, address="192.0.2.2") == 302

    def test_lock_nobody_else_out(self, eve: User, settings: Any) -> None:
        settings.AXES_FAILURE_LIMIT = 3
        for _ in range(4):
            attempt("wrong", name="mallory")
        assert attempt(PASSWORD) == 302

    def test_lock_out_at_the_address_that_a_trusted_proxy_tells(self, eve: User, settings: Any) -> None:
        settings.AXES_FAILURE_LIMIT, settings.JOBS_TRUSTED_PROXIES = 3, 1

        def behind_the_proxy(password: str, address: str) -> int:
            browser = Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=address)
            return browser.post("/admin/login/?next=/admin/", {"username": "eve", "password": password}).status_code

        for _ in range(3):
            behind_the_proxy("wrong", "203.0.113.1")
        assert behind_the_proxy(PASSWORD, "203.0.113.1") == 429
        assert behind_the_proxy(PASSWORD, "203.0.113.2") == 302

    def test_lock_out_at_no_address_that_the_client_tells(self, eve: User, settings: Any) -> None:
        settings.AXES_FAILURE_LIMIT = 3
        typed = {"username": "eve", "password": "wrong"}
        tries = [
            Client(REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}").post("/admin/login/", typed)
            for number in range(4)
        ]
        assert tries[-1].status_code == 429

    def test_are_forgotten_after_the_right_one(self, eve: User, settings: Any) -> None:
        settings.AXES_FAILURE_LIMIT = 3
        for _ in range(3):
            assert [attempt("wrong"), attempt("wrong"), attempt(PASSWORD)] == [200, 200, 302]

    def test_are_forgotten_when_an_administrator_says_so(self, eve: User, settings: Any) -> None:
        settings.AXES_FAILURE_LIMIT = 1
        attempt("wrong")
        assert attempt(PASSWORD) == 429
        call_command("axes_reset_username", "eve", verbosity=0)
        assert attempt(PASSWORD) == 302

    def test_of_a_name_that_is_none_count_too(self, settings: Any) -> None:
        """Or the answer would tell which names there are."""
        settings.AXES_FAILURE_LIMIT = 2
        assert [attempt("wrong", name="nobody") for _ in range(3)][-1] == 429


@pytest.mark.django_db(transaction=True)
def test_wrong_passwords_at_the_same_time_are_all_counted(settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 8
    make_user("eve", is_staff=True)

    def wrong(_: int) -> int:
        try:
            return attempt("wrong")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as hands:
        list(hands.map(wrong, range(8)))
    assert attempt("wrong") == 429


class TestHeaders:
    def test_the_api_gives_a_browser_nothing_to_load(self) -> None:
        workspace = make_workspace()
        answer = Api(make_user("vera", workspace=workspace, role=Role.VIEWER)).get("jobs/")
        assert answer.headers["Content-Security-Policy"] == STRICT
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    def test_pages_run_no_script_that_stands_in_them(self) -> None:
        browser = signed_in(make_user("root", is_staff=True, is_superuser=True))
        for address in ("/admin/", "/admin/jobs/job/", "/admin/scheduler/schedule/add/"):
            page = browser.get(address)
            assert page.headers["Content-Security-Policy"] == ADMIN
            scripts = page.content.decode().split("<script")[1:]
            assert all("src=" in script.partition(">")[0] or "json" in script.partition(">")[0] for script in scripts)
        assert "'unsafe-inline'" not in ADMIN.partition("style-src")[0]

    def test_our_own_pages_take_neither_styles_that_stand_in_them_nor_scripts_that_are_made_there(self) -> None:
        page = Client().get("/ui/login/")
        assert page.headers["Content-Security-Policy"] == OWN_PAGES
        assert "unsafe" not in OWN_PAGES

    def test_nobody_puts_our_pages_into_a_frame(self) -> None:
        page = Client().get("/admin/login/")
        assert page.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


class TestDeployed:
    """In a process of its own: these settings are read once."""

    def run(self, code: str, **environment: str) -> str:
        """What a program says that begins with a deployment's settings."""
        deployed = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "SECURE_"))},
            "DATABASE_URL": "postgresql://nobody/nothing",
            "SECRET_KEY": "".join(chr(33 + at) for at in range(60)),
            "ALLOWED_HOSTS": "jobs.example.org",
            "DJANGO_SETTINGS_MODULE": "jobsproject.settings",
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            cwd=ROOT,
            env=deployed | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def test_djangos_own_checks_have_nothing_to_say(self) -> None:
        check = (
            "from django.core.management import execute_from_command_line as run; "
            "run(['', 'check', '--deploy', '--fail-level', 'WARNING'])"
        )
        assert "no issues" in self.run(check)

    ASK = (
        "import django; django.setup(); from django.test import Client; "
        "answer = Client(SERVER_NAME='jobs.example.org', **{}).get('/admin/login/'); "
        "print(answer.status_code, answer.headers.get('Location'), answer.headers.get('Strict-Transport-Security'), "
        "[cookie['secure'] for cookie in answer.cookies.values()])"
    )

    def test_plain_http_is_sent_to_https(self) -> None:
        assert self.run(self.ASK.format("{}")).startswith("301 https://jobs.example.org/admin/login/ None []")

    def test_what_a_client_says_of_https_counts_only_where_a_proxy_is_trusted(self) -> None:
        forwarded = self.ASK.format("{'HTTP_X_FORWARDED_PROTO': 'https'}")
        assert self.run(forwarded).startswith("301 ")
        told = self.run(forwarded, TRUST_FORWARDED_PROTO="true")
        assert told.startswith("200 None max-age=31536000; includeSubDomains [True]")

    def test_a_provider_in_the_environment_has_its_addresses_and_is_asked(self) -> None:
        names = ("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
        provider = json.dumps({name: "https://id.example.org" for name in names})
        ask = (
            "import django; django.setup(); from django.conf import settings; from django.urls import reverse; "
            "print(reverse('oidc_authentication_callback'), settings.AUTHENTICATION_BACKENDS[-1])"
        )
        told = self.run(ask, OIDC_PROVIDER=provider, OIDC_CLIENT_ID="jobs", OIDC_CLIENT_SECRET="hush")
        assert told.strip() == "/oidc/callback/ jobsproject.oidc.ProviderBackend"

    def test_on_ones_own_machine_plain_http_will_do(self) -> None:
        assert self.run(self.ASK.format("{}"), SECURE_COOKIES="false").startswith("200 None None ['']")

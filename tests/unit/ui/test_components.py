"""The components as they stand in a page."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def drawn(source: str, **context: Any) -> str:
    return Template("{% load ui %}" + source).render(Context({"now": NOW, **context}))


class TestStates:
    def test_a_badge_has_a_sign_a_word_and_a_tone(self) -> None:
        page = drawn('{% state "failed" %}')
        assert 'class="badge tone-red"' in page
        assert "<svg" in page
        assert "<span>FAILED</span>" in page

    def test_it_may_say_something_else(self) -> None:
        assert "<span>3 &lt;b&gt; failed</span>" in drawn('{% state "failed" word %}', word="3 <b> failed")


class TestTimes:
    AT = NOW - dt.timedelta(minutes=4)

    def test_an_instant_is_told_from_now_and_names_itself(self) -> None:
        page = drawn("{% when at %}", at=self.AT)
        assert ">4 min ago</time>" in page
        assert 'datetime="2026-11-21T11:56:00.000Z"' in page
        assert 'tabindex="0"' in page

    def test_it_knows_how_the_clock_stands_in_the_schedules_zone(self) -> None:
        page = drawn('{% when at zone="Europe/Berlin" %}', at=self.AT)
        assert 'data-zone="Europe/Berlin" data-there="2026-11-21 12:56:00 CET"' in page

    def test_within_a_link_it_takes_no_focus(self) -> None:
        assert "tabindex" not in drawn("{% when at focus=False %}", at=self.AT)

    def test_what_never_was_is_a_dash_or_what_is_said_instead(self) -> None:
        assert "never" in drawn('{% when at empty="never" %}', at=None)
        assert "<time" not in drawn("{% when at %}{% clock at %}", at=None)


class TestStrip:
    def test_the_newest_run_is_at_the_right_end_and_leads_to_its_page(self) -> None:
        runs = [
            SimpleNamespace(address=f"/{n}/", state=state, title=f"run {n}")
            for n, state in ((2, "failed"), (1, "succeeded"))
        ]
        page = drawn("{% strip runs %}", runs=runs)
        assert page.index("/1/") < page.index("/2/")
        assert 'href="/2/" class="tone-red" title="FAILED: run 2"' in page

    def test_none_is_said(self) -> None:
        assert "no runs yet" in drawn("{% strip runs %}", runs=[])


class TestProgress:
    @pytest.mark.parametrize(("done", "total", "width"), [(1, 4, "25.00"), (0, 0, "100.00"), (5, 4, "100.00")])
    def test_a_bar_is_as_wide_as_what_is_done(self, done: int, total: int, width: str) -> None:
        assert f'class="fill" width="{width}"' in drawn("{% progress done total %}", done=done, total=total)

    def test_it_says_so(self) -> None:
        assert 'aria-label="1,000 of 4,000"' in drawn("{% progress 1000 4000 %}")


class TestFields:
    class Form(forms.Form):
        name = forms.CharField(help_text="as people call it")
        on = forms.BooleanField(required=False)

    def test_label_help_and_error_are_tied_to_the_field(self) -> None:
        page = drawn("{% field form.name %}", form=self.Form({}))
        assert '<label for="id_name">' in page
        assert 'aria-describedby="id_name_helptext id_name_error"' in page
        assert 'id="id_name_error">This field is required.' in page
        assert 'aria-invalid="true"' in page

    def test_a_box_to_tick_stands_before_its_label(self) -> None:
        page = drawn("{% field form.on %}", form=self.Form())
        assert page.index("<input") < page.index("<label")

    def test_what_people_wrote_is_text(self) -> None:
        assert "<script>" not in drawn("{% field form.name %}", form=self.Form({"name": '"><script>'}))


def test_panels_menus_and_empty_states_hold_what_is_within() -> None:
    page = drawn(
        '{% panel heading %}{% menu %}<a href="/x/">X</a>{% endmenu %}{% endpanel %}{% empty "None" %}<p>Add</p>{% endempty %}',
        heading="A & B",
    )
    assert "<h2>A &amp; B</h2>" in page
    assert '<a href="/x/">X</a>' in page
    assert "<p>Add</p>" in page


def test_an_action_opens_its_dialog_and_is_a_link_without_scripts() -> None:
    page = drawn('{% action "/ui/x/" "Run" "play" "primary" %}')
    assert 'href="/ui/x/" hx-get="/ui/x/" hx-target="#dialog-content" data-dialog' in page


def test_here_keeps_the_filters_and_forgets_the_page() -> None:
    request = RequestFactory().get("/ui/w/acme/runs/?job=task:a&after=9&state=failed")
    assert drawn('{% here state="running" %}', request=request) == "/ui/w/acme/runs/?job=task%3Aa&amp;state=running"
    assert drawn('{% here state="" job="" %}', request=request) == "/ui/w/acme/runs/"


def test_no_component_has_a_style_or_a_script_in_it() -> None:
    page = drawn('{% state "failed" %}{% progress 1 2 %}{% icon "play" "Run" %}{% menu %}{% endmenu %}{% when now %}')
    assert "style=" not in page
    assert "onclick" not in page

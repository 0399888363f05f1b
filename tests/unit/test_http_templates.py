"""Templates: what they may name, how values are spelt, and what they cannot do."""

import time
from typing import Any

import pytest

from jobs.errors import PermanentError
from workers import templates
from workers.templates import Scope, render, render_text


def rendered(text: str, **parameters: Any) -> str:
    return render_text(text, field="url", variables={"parameters": Scope("parameters", parameters)})


@pytest.mark.parametrize(
    ("text", "parameters", "expected"),
    [
        ("no template }}", {}, "no template }}"),
        ("{{ parameters.a }}", {"a": "x"}, "x"),
        ("{{ parameters.a.b[0] }}", {"a": {"b": ["deep"]}}, "deep"),
        ("{{ parameters.items }} {{ parameters.keys }}", {"items": 3, "keys": "k"}, "3 k"),
        ("{{ parameters['a-b'] }}", {"a-b": 1}, "1"),
        ("{{ parameters.yes }} {{ parameters.none }}", {"yes": True, "none": None}, "true null"),
        ("{{ parameters.list }}", {"list": [1, "ü"]}, '[1, "ü"]'),
        ("{{ parameters.n * 2 + 1 }}", {"n": 20}, "41"),
        ("{% for x in parameters.list %}{{ x }};{% endfor %}", {"list": ["a", "b"]}, "a;b;"),
        ("{% if parameters.a is defined %}yes{% else %}no{% endif %}", {}, "no"),
        ("{{ parameters.a | default('none given') }}", {}, "none given"),
        ("{{ parameters.a | urlencode }}", {"a": "x/y&z"}, "x%2Fy%26z"),
        ("{{ parameters.a | urlencode }}", {"a": "../admin"}, "..%2Fadmin"),
        ("{{ parameters.a | urlencode }}", {"a": {"b": "c d", "e": 1}}, "b=c+d&e=1"),
        ("{{ parameters.a }}\n", {"a": "<b>"}, "<b>\n"),
    ],
)
def test_values_are_filled_in(text: str, parameters: dict[str, Any], expected: str) -> None:
    assert rendered(text, **parameters) == expected


def test_only_strings_are_rendered_however_deep() -> None:
    value = {"{{ k }}": ["{{ parameters.a }}", 1, None, {"b": "{{ parameters.a }}"}]}
    variables = {"parameters": Scope("parameters", {"a": 5})}
    assert render(value, field="body", variables=variables) == {"{{ k }}": ["5", 1, None, {"b": "5"}]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ parameters.city }}", r"parameters\.city is not given"),
        ("{{ parameters.city.name }}", r"parameters\.city is not given"),
        ("{{ nobody }}", "nobody is not given"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 1 + 'a' }}", "unsupported operand"),
    ],
)
def test_failures_name_the_field_and_the_reason(text: str, words: str) -> None:
    with pytest.raises(PermanentError, match=f"^url: the template failed: .*{words}") as caught:
        rendered(text)
    assert (caught.value.code, caught.value.details) == ("template", {"field": "url"})


def test_the_field_is_told_down_to_the_element() -> None:
    with pytest.raises(PermanentError, match=r"^body\.json\.a\.1: "):
        render({"a": ["x", "{{ b }}"]}, field="body.json", variables={})


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ parameters.__init__.__globals__ }}",
        "{{ parameters.update({'a': 2}) }}",
        "{{ parameters.list.append(1) }}",
        "{{ 'x' * 10 ** 9 }}",
        "{{ [0] * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 10 ** 18 * 10 ** 18 }}",
        "{% for x in range(10) %}{% endfor %}",
        "{% include 'x' %}",
        "{% import 'os' as os %}",
    ],
)
def test_they_cannot_reach_out_change_things_or_grow(text: str) -> None:
    parameters: dict[str, Any] = {"list": []}
    started = time.monotonic()
    with pytest.raises(PermanentError):
        rendered(text, **parameters)
    assert parameters == {"list": []}
    assert time.monotonic() - started < 1


def test_a_result_out_of_proportion_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "MAX_RENDERED_CHARACTERS", 10)
    with pytest.raises(PermanentError, match="made more than"):
        rendered("{{ parameters.a }}", a="x" * 11)


def test_check_refuses_what_cannot_be_read() -> None:
    templates.check("plain }} text")
    templates.check("{{ parameters.a }}")
    with pytest.raises(ValueError, match=r"the template cannot be read \(line 2\)"):
        templates.check("a\n{{ b")

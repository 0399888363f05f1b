"""Documents that begin with what named bases say."""

from __future__ import annotations

from typing import Any

import pytest

from manifests.extending import merged, resolve
from manifests.problems import Place
from manifests.reading import Written


def base(name: str, **says: Any) -> dict[str, Any]:
    return {"manifest": "base", "name": name, **says}


def resolved(*documents: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    found, problems = resolve([Written(Place("jobs.yaml", at), each) for at, each in enumerate(documents, start=1)])
    return [each.data for each in found], list(map(str, problems))


class TestMerged:
    @pytest.mark.parametrize(
        ("over", "under", "expected"),
        [
            ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
            ({"a": 1}, {"a": 2}, {"a": 1}),
            ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
            ({"a": {"b": {"x": 1}}}, {"a": {"b": {"x": 2, "y": 2}}}, {"a": {"b": {"x": 1, "y": 2}}}),
            ({"a": [1]}, {"a": [2, 3]}, {"a": [1]}),
            ({"a": None}, {"a": {"x": 1}}, {}),
            ({"a": None}, {}, {"a": None}),
            ({"a": {"x": None}}, {"a": {"x": 1, "y": 2}}, {"a": {"y": 2}}),
            ({"a": {"x": 1}}, {"a": "text"}, {"a": {"x": 1}}),
        ],
    )
    def test_objects_are_merged_name_by_name_lists_replaced_and_null_takes_away(
        self, over: dict[str, Any], under: dict[str, Any], expected: dict[str, Any]
    ) -> None:
        before = repr((over, under))
        assert merged(over=over, under=under) == expected
        assert repr((over, under)) == before


class TestResolve:
    def test_a_document_has_what_its_base_says_and_wins_over_it(self) -> None:
        found, problems = resolved(
            base("quick", configuration={"timeout": "5s", "priority": 1}, tags=["quick"]),
            {"key": "task:a", "extends": "quick", "configuration": {"timeout": "9s"}},
        )
        assert found == [{"key": "task:a", "configuration": {"timeout": "9s", "priority": 1}, "tags": ["quick"]}]
        assert problems == []

    def test_of_several_bases_the_later_one_wins(self) -> None:
        found, _ = resolved(base("one", a=1, b=1), base("two", a=2, c=2), {"key": "k", "extends": ["one", "two"]})
        assert found == [{"key": "k", "a": 2, "b": 1, "c": 2}]

    def test_bases_extend_bases_wherever_they_stand(self) -> None:
        found, problems = resolved({"key": "k", "extends": "top"}, base("top", extends="root", a=1), base("root", b=2))
        assert (found, problems) == ([{"key": "k", "a": 1, "b": 2}], [])

    def test_neither_the_name_nor_the_kind_of_a_base_is_handed_on(self) -> None:
        found, _ = resolved(base("root", a=1), {"manifest": "sink", "extends": "root"})
        assert found == [{"manifest": "sink", "a": 1}]

    def test_a_circle_is_told_once_by_its_names_and_at_the_documents_that_run_into_it(self) -> None:
        found, problems = resolved(
            base("a", extends="b"), base("b", extends="c"), base("c", extends="a"), {"key": "k", "extends": "b"}
        )
        assert found == []
        assert problems == [
            "jobs.yaml, document 1, extends: these bases extend each other: a -> b -> c -> a",
            "jobs.yaml, document 4, extends: these bases extend each other: b -> c -> a -> b",
        ]

    def test_a_base_that_extends_itself_is_a_circle(self) -> None:
        assert resolved(base("a", extends="a"))[1] == [
            "jobs.yaml, document 1, extends: these bases extend each other: a -> a"
        ]

    @pytest.mark.parametrize(
        ("documents", "words"),
        [
            (
                [{"key": "k", "extends": "nobody"}],
                "extends: there is no base named 'nobody' in these files; there are: none",
            ),
            ([base("a"), {"key": "k", "extends": 5}], "extends: expected the name of a base, or a list of names"),
            ([base("a"), base("a")], "name: another base is named 'a' already"),
            ([{"manifest": "base"}], "name: expected the name by which others extend it"),
            ([base("a", extends="nobody")], "extends: there is no base named 'nobody' in these files; there are: a"),
        ],
    )
    def test_what_cannot_be_is_told(self, documents: list[dict[str, Any]], words: str) -> None:
        [problem] = resolved(*documents)[1]
        assert problem.endswith(words)

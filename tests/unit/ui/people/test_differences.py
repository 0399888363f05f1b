"""What was different, line beside line."""

from __future__ import annotations

from ui.people.differences import MOST_LINES, Line, differences


def lines_of(before: object, after: object) -> list[Line]:
    [found] = differences({"x": before}, {"x": after})
    return found.lines


class TestFields:
    def test_each_in_the_order_of_the_former(self) -> None:
        found = differences({"b": 1, "a": 1}, {"a": 2, "c": 3})
        assert [each.field for each in found] == ["b", "a", "c"]

    def test_what_was_made_has_no_former_lines(self) -> None:
        assert differences(None, {"name": "new"})[0].lines == [Line("added", "", "new")]

    def test_what_is_gone_has_no_present_ones(self) -> None:
        assert differences({"name": "old"}, None)[0].lines == [Line("removed", "old", "")]

    def test_nothing_of_nothing(self) -> None:
        assert differences(None, None) == []


class TestLines:
    def test_a_word_for_another(self) -> None:
        assert lines_of("old", "new") == [Line("changed", "old", "new")]

    def test_null_and_empty_are_shown(self) -> None:
        assert lines_of(None, "") == [Line("changed", "null", "")]

    def test_within_a_document_only_what_differs_is_marked(self) -> None:
        found = lines_of({"a": 1, "b": 2}, {"a": 1, "b": 3})
        assert [line.kind for line in found] == ["same", "same", "changed", "same"]
        assert found[2] == Line("changed", '  "b": 2', '  "b": 3')

    def test_an_order_of_keys_is_no_difference(self) -> None:
        assert all(line.kind in ("same", "gap") for line in lines_of({"a": 1, "b": 2}, {"b": 2, "a": 1}))

    def test_what_was_put_in_stands_beside_nothing(self) -> None:
        assert Line("added", "", "two") in lines_of("one\nthree", "one\ntwo\nthree")

    def test_long_stretches_that_are_the_same_are_left_out_and_counted(self) -> None:
        former = [f"line {n}" for n in range(40)]
        found = lines_of("\n".join(former), "\n".join([*former[:20], "new", *former[20:]]))
        assert [line.left for line in found if line.kind == "gap"] == [17, 17]
        assert sum(line.kind == "same" for line in found) == 6

    def test_a_stretch_of_one_is_not_worth_a_gap(self) -> None:
        assert [line.kind for line in lines_of("a\nb\nc\nd\nx", "a\nb\nc\nd\ny")] == ["same"] * 4 + ["changed"]

    def test_what_is_very_long_is_cut_and_says_so(self) -> None:
        [found] = differences({"x": "\n".join(str(n) for n in range(MOST_LINES + 5))}, {"x": "y"})
        assert found.cut
        assert len(found.lines) <= MOST_LINES

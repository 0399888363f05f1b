"""Where the jobs of chains stand."""

from __future__ import annotations

from ui.scheduling.chain_layout import NODE_HEIGHT, NODE_WIDTH, Drawing, layout

DIAMOND = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d")]


def places(drawing: Drawing) -> dict[str, tuple[int, int]]:
    return {node.key: (node.x, node.y) for node in drawing.nodes}


class TestLayout:
    def test_what_waits_stands_right_of_all_that_it_waits_for(self) -> None:
        found = places(layout(DIAMOND))
        assert all(found[first][0] < found[second][0] for first, second in DIAMOND)

    def test_no_two_boxes_overlap_and_all_are_within(self) -> None:
        edges = [(f"s{n}", f"m{n % 3}") for n in range(9)] + [(f"m{n}", "end") for n in range(3)]
        drawing = layout(edges)
        assert len(set(places(drawing).values())) == len(drawing.nodes) == 13
        assert max(node.x for node in drawing.nodes) + NODE_WIDTH <= drawing.width
        assert max(node.y for node in drawing.nodes) + NODE_HEIGHT <= drawing.height

    def test_chains_that_could_stand_side_by_side_do_not_cross(self) -> None:
        found = places(layout([("a", "z"), ("b", "y"), ("c", "x")]))
        assert [found[key][1] for key in ("z", "y", "x")] == [found[key][1] for key in ("a", "b", "c")]

    def test_each_edge_has_its_line(self) -> None:
        drawing = layout(DIAMOND)
        assert [line.place for line in drawing.lines] == list(range(5))
        assert all(line.path.startswith("M") for line in drawing.lines)

    def test_a_cycle_ends(self) -> None:
        assert set(places(layout([("a", "b"), ("b", "c"), ("c", "a")]))) == {"a", "b", "c"}

    def test_nothing_is_nothing(self) -> None:
        assert layout([]).nodes == []

    def test_a_long_name_is_cut_in_its_box_alone(self) -> None:
        (first, _) = layout([("task:" + "n" * 60, "task:b")]).nodes
        assert len(first.label) == 25
        assert len(first.key) == 65

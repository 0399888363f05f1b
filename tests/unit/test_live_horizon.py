"""How far a log is complete whose rows become visible out of order."""

from __future__ import annotations

from jobs.api.live.horizon import Horizon

NOBODY: frozenset[str] = frozenset()
ANNA, BEN = frozenset({"3/7"}), frozenset({"4/9"})


def test_ids_without_a_gap_are_complete_at_once() -> None:
    horizon = Horizon(at=10)
    assert not horizon.advance([11, 12, 13])
    assert (horizon.at, horizon.in_doubt) == (13, False)


def test_nothing_read_changes_nothing() -> None:
    horizon = Horizon(at=10)
    assert not horizon.advance([])
    assert horizon.at == 10


class TestAMissingId:
    def horizon(self, *, writers: frozenset[str]) -> Horizon:
        horizon = Horizon(at=10)
        assert horizon.advance([11, 13, 14])
        horizon.suspect(top=14, writers=writers)
        return horizon

    def test_holds_back_what_is_above_it_and_nothing_else(self) -> None:
        assert self.horizon(writers=ANNA).at == 11

    def test_is_waited_for_as_long_as_one_is_at_work_who_may_have_it(self) -> None:
        horizon = self.horizon(writers=ANNA | BEN)
        for writers in (ANNA | BEN, ANNA, ANNA):
            horizon.heard(writers)
            assert not horizon.advance([13, 14, 15])
            assert horizon.at == 11

    def test_is_handed_on_in_its_place_when_it_comes(self) -> None:
        horizon = self.horizon(writers=ANNA)
        horizon.heard(ANNA)
        assert not horizon.advance([12, 13, 14])
        assert (horizon.at, horizon.in_doubt) == (14, False)

    def test_was_rolled_back_when_all_who_may_have_had_it_are_gone(self) -> None:
        horizon = self.horizon(writers=ANNA)
        horizon.heard(BEN)
        assert not horizon.advance([13, 14, 15])
        assert horizon.at == 15

    def test_is_not_waited_for_because_of_somebody_who_began_later(self) -> None:
        horizon = self.horizon(writers=ANNA)
        horizon.heard(ANNA | BEN)
        horizon.heard(BEN)
        horizon.advance([13, 14])
        assert horizon.at == 14

    def test_is_looked_for_once_more_after_its_writer_has_gone(self) -> None:
        """It may have been committed between the reading and the asking who writes: nobody is left, and it is there."""
        horizon = self.horizon(writers=NOBODY)
        assert horizon.at == 11
        horizon.heard(NOBODY)
        horizon.advance([12, 13, 14])
        assert horizon.at == 14

    def test_above_another_one_is_suspected_of_its_own_writers(self) -> None:
        horizon = self.horizon(writers=ANNA)
        horizon.heard(NOBODY)
        assert horizon.advance([13, 14, 16]), "15 is missing, and was not when the first was"
        assert horizon.at == 14
        horizon.suspect(top=16, writers=BEN)
        horizon.heard(BEN)
        horizon.advance([16])
        assert horizon.at == 14

    def test_that_comes_while_another_is_missing_moves_the_horizon_up_to_that(self) -> None:
        horizon = Horizon(at=10)
        assert horizon.advance([12, 14])
        horizon.suspect(top=14, writers=ANNA | BEN)
        horizon.heard(BEN)
        horizon.advance([11, 12, 14])
        assert horizon.at == 12


class TestTheBeginning:
    def test_is_the_logs_end_when_nobody_writes(self) -> None:
        horizon = Horizon()
        horizon.begin(top=40, writers=NOBODY)
        assert horizon.at == 40

    def test_is_not_known_before_those_who_write_are_done(self) -> None:
        horizon = Horizon()
        horizon.begin(top=40, writers=ANNA)
        assert horizon.at is None
        horizon.heard(ANNA | BEN)
        horizon.advance([])
        assert horizon.at is None
        horizon.heard(BEN)
        horizon.advance([])
        assert horizon.at == 40

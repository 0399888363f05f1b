"""Runs as bars."""

from __future__ import annotations

import datetime as dt

from jobs.selectors.timelines import TimelineRun
from ui.scheduling.timeline import LANE, SLICES, THINNEST, WIDTH, Timeline, timeline

END = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
START = END - dt.timedelta(hours=24)


def run(
    number: int, begun: float | None, over: float | None, *, job: str = "task:a", state: str = "succeeded"
) -> TimelineRun:
    """A run that began and ended so many hours after the start."""
    times = [None if hours is None else START + dt.timedelta(hours=hours) for hours in (begun, over)]
    return TimelineRun(number, job, state, times[0] or START, *times)


def drawn(*runs: TimelineRun, most_tracks: int = 10) -> Timeline:
    return timeline(runs, start=START, end=END, now=END, most_tracks=most_tracks)


class TestTracks:
    def test_runs_one_after_the_other_share_a_lane(self) -> None:
        (track,) = drawn(run(1, 0, 1), run(2, 1, 2), run(3, 5, 6)).tracks
        assert (track.lanes, track.most, [bar.y for bar in track.bars]) == (1, 1, [0, 0, 0])

    def test_runs_at_the_same_time_stand_below_each_other(self) -> None:
        (track,) = drawn(run(1, 0, 3), run(2, 1, 2), run(3, 2.5, 4)).tracks
        assert (track.lanes, track.most, track.height) == (2, 2, 2 * LANE)
        assert [bar.y for bar in track.bars] == [0, LANE, LANE]

    def test_a_bar_lies_where_its_run_did(self) -> None:
        (track,) = drawn(run(1, 6, 12)).tracks
        (bar,) = track.bars
        assert (bar.x, bar.width, bar.seconds, bar.going) == (WIDTH / 4, WIDTH / 4, 6 * 3600, False)

    def test_what_begins_before_or_goes_on_stays_within_the_drawing(self) -> None:
        (track,) = drawn(run(1, -3, 1), run(2, 23, None, state="running")).tracks
        before, going = track.bars
        assert (before.x, before.width, before.seconds) == (0, WIDTH / 24, 4 * 3600)
        assert (going.x + going.width, going.going) == (WIDTH, True)

    def test_a_short_run_is_seen_at_the_very_end_too(self) -> None:
        (track,) = drawn(run(1, 24 - 1e-6, 24)).tracks
        assert (track.bars[0].x, track.bars[0].width) == (WIDTH - THINNEST, THINNEST)

    def test_what_has_not_begun_or_is_over_has_no_bar(self) -> None:
        assert drawn(run(1, None, None, state="pending"), run(2, -3, -1), run(3, 25, 26)).tracks == []

    def test_those_that_overlap_come_first_and_the_rest_is_told(self) -> None:
        found = drawn(run(1, 0, 1, job="task:a"), run(2, 0, 2, job="task:b"), run(3, 1, 2, job="task:b"), most_tracks=1)
        assert ([track.job_key for track in found.tracks], found.left_out) == (["task:b"], 1)

    def test_failures_are_counted(self) -> None:
        (track,) = drawn(run(1, 0, 1, state="failed"), run(2, 2, 3)).tracks
        assert (track.failed, track.longest) == (1, 3600)


class TestAtOnce:
    def test_is_of_all_jobs_together(self) -> None:
        found = drawn(run(1, 0, 3, job="task:a"), run(2, 1, 2, job="task:b"))
        assert found.most == 2
        assert found.at_once[: SLICES // 24] == [1] * 6
        assert set(found.at_once[6:12]) == {2}
        assert set(found.at_once[19:]) == {0}

    def test_a_run_that_took_no_time_counts(self) -> None:
        assert drawn(run(1, 3, 3)).most == 1

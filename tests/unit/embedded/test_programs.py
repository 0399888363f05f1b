"""What `make up` runs."""

import pytest

from embedded.errors import StartError
from embedded.programs import programs, runs_our_python, wanted_beats


class TestPrograms:
    def test_there_is_one_beat_unless_more_are_asked_for(self) -> None:
        names = [program.name for program in programs(port=8000, service=8001, live=8002)]
        assert names == ["example", "web", "live", "beat", "worker-1", "worker-2"]

    def test_further_beats_have_numbers_and_run_the_same(self) -> None:
        beats = [each for each in programs(port=8000, service=8001, live=8002, beats=3) if each.name.startswith("beat")]
        assert [beat.name for beat in beats] == ["beat", "beat-2", "beat-3"]
        assert len({tuple(beat.command) for beat in beats}) == 1

    def test_each_is_known_by_its_command_line(self) -> None:
        for program in programs(port=8000, service=8001, live=8002, beats=2):
            assert runs_our_python(" ".join(program.command))
        assert not runs_our_python("/usr/bin/python -m celery -q -A jobsproject beat")


class TestWantedBeats:
    @pytest.mark.parametrize("text", ["0", "10", "-1", "two", "1.5", "²"])
    def test_what_is_no_number_from_1_to_9_is_refused_with_what_would_be_right(self, text: str) -> None:
        with pytest.raises(StartError, match="BEATS must be a number from 1 to 9"):
            wanted_beats(text)

    def test_a_number_is_taken(self) -> None:
        assert wanted_beats("3") == 3

"""The command preview_schedule: lines in, lines out, in a process of its own and without a database."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).parents[2]
NOON = json.dumps(
    {"quartz": "0 0 12 ? * MON-FRI", "timezone": "Europe/Berlin", "after": "2026-01-01T00:00:00Z", "count": 1}
)
ANSWER = '{"next": ["2026-01-01T11:00:00Z"]}'


def preview() -> subprocess.Popen[bytes]:
    """The real process, with the address of a database that does not exist."""
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "BROKER_URL": "redis://127.0.0.1:1/0"}
    return subprocess.Popen(
        [sys.executable, ROOT / "manage.py", "preview_schedule"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **nowhere},
    )


class TestPreviewSchedule:
    def test_each_line_has_its_answer_and_blank_lines_have_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{NOON}\n\n  \n{{\n{NOON}"))
        out = io.StringIO()
        call_command("preview_schedule", stdout=out)
        first, second, third = out.getvalue().splitlines()
        assert first == third == ANSWER
        assert "expected one JSON object" in json.loads(second)["error"]

    def test_an_answer_comes_before_the_next_question(self) -> None:
        with preview() as process:
            assert process.stdin
            assert process.stdout
            assert process.stderr
            for _ in range(2):
                process.stdin.write(f"{NOON}\n".encode())
                process.stdin.flush()
                assert process.stdout.readline() == f"{ANSWER}\n".encode()
            process.stdin.close()
            assert process.stderr.read() == b""
        assert process.returncode == 0

    def test_ten_thousand_lines_are_one_process_and_bytes_that_are_no_text_are_answered(self) -> None:
        with preview() as process:
            out, errors = process.communicate(f"{NOON}\n".encode() * 9_999 + b"\xff\xfe\n")
        lines = out.decode().splitlines()
        assert (len(lines), errors, process.returncode) == (10_000, b"", 0)
        assert set(lines[:-1]) == {ANSWER}
        assert "error" in json.loads(lines[-1])

"""The sinks' statements, one a file; see `jobs.sql`."""

from pathlib import Path

from jobs.sql import Statements

STATEMENTS = Statements(Path(__file__).parent)
CLEANUP = Statements(Path(__file__).parent / "cleanup")
ANSWERS = Statements(Path(__file__).parent / "answers")
WATCHING = Statements(Path(__file__).parent / "watching")

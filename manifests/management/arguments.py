"""What the commands have in common: arguments, reading the files, and how they end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import ConflictError
from jobs.management.finding import operator, workspace_named
from manifests.differences import ABSENT, Change
from manifests.loading import load
from manifests.plans import Plan, Step
from manifests.problems import ManifestsRefusedError

NOTHING_TO_DO, REFUSED, CHANGES = 0, 1, 2
"""Exit codes."""
MAX_SOURCE = 500
_SHOWN = 100
"""Characters of a value in a line."""


class ManifestCommand(BaseCommand):
    """A command that takes a workspace and files."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """One whose wrong usage ends with 1: a script would take 2 for changes."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)

        def error(message: str) -> NoReturn:
            if not parser.called_from_command_line:
                raise CommandError(f"Error: {message}")
            parser.print_usage()
            parser.exit(REFUSED, f"{prog_name} {subcommand}: error: {message}\n")
            raise AssertionError("exit does not return")

        parser.error = error  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a manifest, or a folder of them")
        parser.add_argument("--source", help="what the set of files is called; by default PATH, as it is given")
        parser.add_argument(
            "--prune", action="store_true", help="delete what came from this source and is in its files no more"
        )
        parser.add_argument(
            "--unmanaged",
            action="store_true",
            help="do not keep the objects in these files: they may be edited elsewhere",
        )
        parser.add_argument("--json", action="store_true", help="print JSON, also of what is wrong")

    def source(self, options: dict[str, Any]) -> str | None:
        """What the set of files is called; None for objects that are not to be kept in them."""
        if options["unmanaged"]:
            if options["source"] or options["prune"]:
                raise CommandError("--unmanaged has no source: leave --source and --prune out")
            return None
        if options["source"]:
            if len(options["source"]) > MAX_SOURCE:
                raise CommandError(f"--source: expected at most {MAX_SOURCE} characters")
            return str(options["source"])
        if len(options["paths"]) > 1:
            raise CommandError("several paths: say with --source what they are called together")
        return os.path.normpath(str(options["paths"][0]))

    def carried_out(self, act: Callable[..., Plan], options: dict[str, Any], **more: Any) -> Plan:
        """Read the files, and plan or apply them; end with everything that is wrong.

        Args:
            act: `applying.plan` or `applying.apply`.
            options: The command's.
            more: What only one of the two takes.
        """
        workspace, source = workspace_named(options["workspace"]), self.source(options)
        try:
            loaded = load(*options["paths"])
        except ManifestsRefusedError as error:
            self.refuse(error, as_json=options["json"])
        try:
            return act(
                workspace=workspace,
                wanted=loaded.wanted,
                source=source,
                prune=options["prune"],
                actor=operator(),
                **more,
            )
        except ManifestsRefusedError as error:
            self.refuse(ManifestsRefusedError(loaded.texts.told(error.problems)), as_json=options["json"])
        except ConflictError as error:
            self.refuse(error, as_json=options["json"])

    def refuse(self, error: ManifestsRefusedError | ConflictError, *, as_json: bool) -> NoReturn:
        """End with everything that is wrong."""
        if as_json:
            found = error.problems if isinstance(error, ManifestsRefusedError) else None
            problems = [each.to_dict() for each in found] if found else [{"message": str(error)}]
            self.stdout.write(json.dumps({"errors": problems}, indent=2, ensure_ascii=False))
            raise SystemExit(REFUSED)
        raise CommandError(f"nothing was changed:\n{error}", returncode=REFUSED)


def lines(plan: Plan, *, words: dict[str, str]) -> list[str]:
    """A plan for people: a line for each object, one for each field that changes, and how many."""
    found = []
    for step in plan.steps:
        place = f"  ({step.wanted.place})" if step.wanted else ""
        found.append(f"{words[step.action]:<10} {step.kind} {step.name}{place}")
        found += [f"{'':<13}{told}" for told in [*_brought_along(step), *map(_told, step.changes)]]
    counted = ", ".join(f"{number} {words[action]}" for action, number in plan.counts.items())
    return [*found, counted]


def _brought_along(step: Step) -> list[str]:
    """The schedules of a job that is created, which are objects too and have no line of their own."""
    if step.action != "create" or step.kind != "job" or step.wanted is None:
        return []
    names = [str(each.get("name", "default")) for each in step.wanted.document["schedules"]]
    return [f"with its schedules: {', '.join(names)}"] if names else []


def _told(change: Change) -> str:
    if change.before is ABSENT:
        return f"{change.field}: {_short(change.after)}".lstrip(": ")
    return f"{change.field}: {_short(change.before)} -> {_short(change.after)}"


def _short(value: Any) -> str:
    text = repr(value) if value is ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."

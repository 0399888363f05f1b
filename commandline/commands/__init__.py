"""The commands, a module a noun. What each says of itself is its help, and so docs/reference/command-line.md."""

from __future__ import annotations

from typing import Any

import click

from commandline.commands import control, deliveries, jobs, login, logs, results, runs, schedules
from commandline.exits import Exit, Failure


class Commands(click.Group):
    """Tells that nobody reads the output any more. click itself would end with 1, which says that a run has failed."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises Failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise Failure(Exit.PIPE_CLOSED, "") from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Work with jobs and their runs.

    JOB is type:name, RUN a number, SCHEDULE is type:name/schedule.
    """


for _command in (
    login.login,
    login.logout,
    login.completion,
    jobs.list_jobs,
    jobs.show,
    jobs.trigger,
    runs.list_runs,
    runs.run,
    logs.logs,
    control.pause,
    control.resume,
    control.terminate,
    control.rerun,
    control.replay,
    results.results,
    results.files,
    results.download,
    schedules.schedules,
    schedules.next_fires,
    schedules.fires,
    schedules.explain,
    deliveries.deliveries,
    deliveries.delivery,
    deliveries.redeliver,
):
    cli.add_command(_command)

"""`make up`: the whole system in the foreground."""

from __future__ import annotations

import time
from pathlib import Path

from embedded.output import Output, terminal
from embedded.programs import wanted_beats
from embedded.servers import DATA
from embedded.system import ADMIN, WORKSPACE, System, running_system, write_up_json

_PASS_SECONDS = 0.2

_WELCOME = """
  Jobs is up at {url}
  Log in as {admin} with the password {password}
    (both are new at each start: the password, and the API token for scripts in .data/up.json)
  The service that the examples call is at {example}
  The API of the workspace {workspace} is at {url}/api/v1/workspaces/{workspace}/
  Live streams are at {live}/api/v1/workspaces/{workspace}/live/
  Logs are in .data/logs/. Ctrl-C stops everything.
"""


def up(*, port: str, beats: str = "1", data: Path = DATA) -> None:
    """Bring the system up and keep it up until KeyboardInterrupt, which it passes on when everything is down.

    Args:
        port: Of the web server; text from a person.
        beats: How many beats to run; the same.
        data: The private folder.

    Raises:
        AlreadyRunning: It runs already.
        StartError: Something does not start.
    """
    output = Output(data / "logs", terminal=terminal())
    up_json = data / "up.json"
    output.show("starting: servers, database, examples, processes", name="system")
    with running_system(port=port, output=output, beats=wanted_beats(beats), data=data) as system:
        try:
            write_up_json(up_json, system)
            output.show(_welcome(system))
            _keep_up(system, up_json)
        finally:
            up_json.unlink(missing_ok=True)
            output.show("stopping", name="system")


def _keep_up(system: System, up_json: Path) -> None:
    while True:
        time.sleep(_PASS_SECONDS)
        if system.revive():
            write_up_json(up_json, system)


def _welcome(system: System) -> str:
    return _WELCOME.format(
        url=system.url,
        live=system.live_url,
        example=system.example_url,
        admin=ADMIN,
        password=system.admin_password,
        workspace=WORKSPACE,
    )

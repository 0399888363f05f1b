"""Takes the place of spark-submit: runs the script as the driver that it is, without Spark, and keeps an event log as Spark does.

It tells its properties to whoever reads its log, the secret ones too, which a Spark that means well would not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> int:
    """Take what `workers.spark.application.submit_command` says; the exit code is the script's."""
    properties = read_properties(Path(arguments[arguments.index("--properties-file") + 1]))
    for name, value in properties.items():
        print(f"26/11/22 07:02:24 WARN StandIn: {name} is {value}", file=sys.stderr, flush=True)
    log = Path(properties["spark.eventLog.dir"].removeprefix("file://"), "local-1")
    tell(log, {"Event": "SparkListenerApplicationStart", "App ID": "local-1"})
    tell(log, {"Event": "SparkListenerStageSubmitted", "Stage Info": {"Number of Tasks": 2}})
    tell(log, {"Event": "SparkListenerTaskEnd", "Task End Reason": {"Reason": "Success"}})
    script = next(at for at, argument in enumerate(arguments) if argument.endswith(".py"))
    code = subprocess.call([sys.executable, *arguments[script:]])
    tell(log, {"Event": "SparkListenerStageCompleted", "Stage Info": {"Number of Tasks": 2}})
    return code


def read_properties(path: Path) -> dict[str, str]:
    """As java.util.Properties reads what `workers.spark.application.properties_text` writes."""
    lines = path.read_text(encoding="ascii").splitlines()
    return {name: value.encode().decode("unicode_escape") for name, _, value in (line.partition("=") for line in lines)}


def tell(log: Path, event: dict[str, Any]) -> None:
    """Write one event."""
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

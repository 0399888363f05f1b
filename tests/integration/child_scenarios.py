"""What the child processes of test_child.py do; `run` is called in the child."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from jobs.errors import PermanentError, TransientError
from workers.child_main import Channel

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)

SLEEPER = "trap '' TERM; exec sleep 600"
"""For sh: a process that ignores SIGTERM."""
ORPHAN = "trap '' TERM; setsid sleep 600 >/dev/null 2>&1 & echo $!"
"""For sh: the same in a session of its own, and its parent ends."""


def run(*, spec: dict[str, Any], channel: Channel) -> Any:
    """Do what ``spec["do"]`` names."""
    return SCENARIOS[spec["do"]](spec, channel)


def look_around(spec: dict[str, Any], channel: Channel) -> Any:
    own = Path("/proc/self")
    return {
        "spec": spec,
        "pid": os.getpid(),
        "group": os.getpgid(0),
        "session": os.getsid(0),
        "directory": str(Path.cwd()),
        "files": os.listdir(),
        "environment": dict(os.environ),
        "kernel_environment": (own / "environ").read_bytes().decode(),
        "command": (own / "cmdline").read_bytes().decode(),
    }


def talk(spec: dict[str, Any], channel: Channel) -> Any:
    channel.log("warning", "a log line")
    channel.progress(current=1, total=3, unit="rows")
    channel.progress(current=2, total=3, unit="rows")
    print("printed")
    print("complained", file=sys.stderr)
    return [1, "two", None]


def chatter(spec: dict[str, Any], channel: Channel) -> Any:
    print("x" * 5_000_000)
    for number in range(3000):
        print(number)


def fail(spec: dict[str, Any], channel: Channel) -> Any:
    match spec["how"]:
        case "transient":
            raise TransientError("later", code="busy", details={"queue": 3}, retry_after_seconds=7)
        case "permanent":
            raise PermanentError("never", code="wrong", details={"field": "a"})
    raise ValueError("nobody expected this")


def blab(spec: dict[str, Any], channel: Channel) -> Any:
    print(f"connecting with {spec['password']}")
    print(f"stderr has {spec['password']}", file=sys.stderr)
    raise PermanentError(f"refused {spec['password']}", details={"tried": [spec["password"]]})


def crash(spec: dict[str, Any], channel: Channel) -> Any:
    print("last words", file=sys.stderr, flush=True)
    if spec.get("signal"):
        os.kill(os.getpid(), spec["signal"])
    os._exit(spec.get("exit_code", 0))


def family(spec: dict[str, Any], channel: Channel) -> Any:
    """Start a grandchild that ignores SIGTERM, tell both numbers, and stay (or return, leaving it behind)."""
    grandchild = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    assert grandchild.stdout
    grandchild.stdout.readline()
    channel.log("info", f"family {os.getpid()} {grandchild.pid} {Path.cwd()}")
    if spec.get("stay", True):
        signal.pause()
    return grandchild.pid


def clan(spec: dict[str, Any], channel: Channel) -> Any:
    """Start processes that get away in all the ways there are, tell their numbers, and do as ``then`` says."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pids = {
        "itself": os.getpid(),
        "in its group": subprocess.Popen(["sh", "-c", SLEEPER]).pid,
        "in a session of its own": subprocess.Popen(["sh", "-c", SLEEPER], start_new_session=True).pid,
        "without environment": subprocess.Popen(["sh", "-c", SLEEPER], env={}, start_new_session=True).pid,
        "forked twice": int(subprocess.check_output(["sh", "-c", ORPHAN])),
        "forked twice without environment": int(subprocess.check_output(["env", "-i", "sh", "-c", ORPHAN])),
    }
    if "tell" in spec:
        Path(spec["tell"]).write_text(json.dumps(pids))
    channel.log("info", f"clan {json.dumps(pids)}")
    match spec["then"]:
        case "stay":
            time.sleep(600)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
    return pids


def linger(spec: dict[str, Any], channel: Channel) -> Any:
    """Take a while over ending, once told to."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, leave)
    try:
        channel.log("info", "waiting")
        time.sleep(600)
    except SystemExit:
        time.sleep(spec["seconds"])
        channel.log("info", "tidied up")


def ask_for_time(spec: dict[str, Any], channel: Channel) -> Any:
    """Take ``seconds`` and ask for more time every so often."""
    ends_at = time.monotonic() + spec["seconds"]
    while time.monotonic() < ends_at:
        time.sleep(spec["every"])
        channel.extend_time()
    return "done"


def too_much(spec: dict[str, Any], channel: Channel) -> Any:
    return "x" * 2_000_000


SCENARIOS = {
    function.__name__: function
    for function in (look_around, talk, chatter, fail, blab, crash, family, clan, linger, ask_for_time, too_much)
}

"""The spark kind on the worker's own machine, with a stand-in for spark-submit that runs scripts without Spark.

What Spark itself makes of applications is in tests/acceptance/test_spark.py; what clusters make of them is in
tests/integration/spark_payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.adapter import Adapter, Case

_SUBMIT = f"""#!/bin/sh
exec "$PYSPARK_DRIVER_PYTHON" '{Path(__file__).with_name("stand_in_submit.py")}' "$@"
"""
_SUCCESS = """
import json, os
print("three rows")
json.dump({"rows": 3}, open(os.environ["JOBS_RESULT_FILE"], "w"))
"""
_UNTIL_MENDED = """
import pathlib
if not pathlib.Path({mended!r}).exists():
    raise ConnectionError("the rows are not there yet")
"""
_WAITING = """
import pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("waiting", flush=True)
pathlib.Path({begun!r}).touch()
while not pathlib.Path({mended!r}).exists():
    time.sleep(0.02)
"""
_TALKATIVE = """
import sys
for number in range(3000):
    print(number, file=sys.stderr if number % 2 else sys.stdout)
sys.stdout.buffer.write(b"no text: \\xff\\xfe\\n" + b"a line without an end " * 1_000_000)
"""
_LARGE = """
import json, os
json.dump("x" * 1024 * 1024, open(os.environ["JOBS_RESULT_FILE"], "w"))
"""
_TELLING = """
import base64, json, os, pathlib, sys
from urllib.parse import quote, quote_plus
secret = json.load(open(os.environ["JOBS_SECRETS_FILE"])).get("it", "not given")
forms = [secret, quote(secret, safe=""), quote_plus(secret), base64.b64encode(secret.encode()).decode()]
for form in forms:
    for length in (0, 480, 1980, 7980):
        print("x" * length + form)
        print("x" * length + form, file=sys.stderr)
process = os.getpid()
while process > 1:
    about = pathlib.Path("/proc", str(process))
    if any(secret.encode() in (about / name).read_bytes() for name in ("cmdline", "environ")):
        pathlib.Path({leaked!r}).touch()
    process = int((about / "stat").read_text().rpartition(")")[2].split()[1])
json.dump({{form: [form, json.dumps(form)] for form in forms}}, open(os.environ["JOBS_RESULT_FILE"], "w"))
sys.stdout.flush()
{ending}
"""
_ENDINGS = ("", "raise ValueError(forms)", "raise SyntaxError(forms[0])", "os.kill(os.getpid(), 9)")


class SparkAdapter(Adapter):
    """Its attempts are made in child processes, of which the driver is one more."""

    kind = "spark"
    job_type = "spark"
    in_child = True

    @property
    def settings(self) -> Mapping[str, Any]:
        """Spark is in the test's folder, and runs here."""
        return {"JOBS_SPARK_HOME": str(self.folder / "spark"), "JOBS_SPARK_TARGETS": {"local": {"master": "local[2]"}}}

    def __enter__(self) -> SparkAdapter:
        _program(self.folder / "spark" / "bin" / "spark-submit", _SUBMIT)
        _program(self.folder / "java" / "bin" / "java", "#!/bin/sh\n")
        self._patched = pytest.MonkeyPatch()
        self._patched.setenv("JAVA_HOME", str(self.folder / "java"))
        self._begun, self._mended = self.folder / "begun", self.folder / "mended"
        return self

    def __exit__(self, *_: object) -> None:
        self._patched.undo()

    def success(self) -> Case:
        """The script hands a value back."""
        return Case(_script(_SUCCESS), holds=_is_right)

    def transient(self) -> Case:
        """What the script needs is not there yet."""
        return Case(_script(_UNTIL_MENDED.format(mended=str(self._mended))), mend=self._mended.touch)

    def permanent(self) -> Case:
        """The script is none."""
        return Case(_script("this is no Python"))

    def slow(self) -> Case:
        """The script waits for somebody, and is deaf to whoever asks it to stop."""
        script = _WAITING.format(begun=str(self._begun), mended=str(self._mended))
        return Case(_script(script), mend=self._mended.touch, begun=self._begun.exists)

    progress = slow

    def logs(self) -> Case:
        """The script says more than anybody can read, and not all of it is text."""
        return Case(_script(_TALKATIVE))

    def large(self) -> Case:
        """The script hands back more than is kept."""
        return Case(_script(_LARGE))

    def secret(self, value: str) -> list[Case]:
        """The script tells what it was given, on its way and at its end, however that comes; spark-submit tells the rest. Neither
        is on a command line or in an environment, from the script up to the worker."""
        given: list[dict[str, Any]] = [{"secrets": ["it"]}, {"secret_configuration": {"spark.key": "it"}}]
        leaked = self.folder / "leaked"
        return [
            Case(
                _script(_TELLING.format(ending=ending, leaked=str(leaked)), **way),
                secrets={"it": value},
                holds=lambda result: not leaked.exists(),
            )
            for way in given
            for ending in (_ENDINGS if "secrets" in way else _ENDINGS[:2])
        ]


def _is_right(result: Any) -> bool:
    return (result["value"], result["stages"]) == ({"rows": 3}, {"completed": 1, "failed": 0})


def _script(text: str, **more: Any) -> dict[str, Any]:
    return {"python": {"text": text}, **more}


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o755)

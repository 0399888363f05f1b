"""The commands of docs/how-to/keep-jobs-in-files.md, in a folder with the files that it shows."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from jobs.models import ConcurrencyGroup, Event, Job, Origin
from manifests.loading import load
from tests.integration.people import make_workspace

DOCS = Path(__file__).parents[3] / "docs"
GUIDE = DOCS / "how-to" / "keep-jobs-in-files.md"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With the guide's files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    for block in re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL):
        first, _, text = block.partition("\n")
        (tmp_path / first.removeprefix("# ")).write_text(text, encoding="utf-8")
    return tmp_path


def said(command: str) -> tuple[int, str]:
    """What a line of the guide ends with and prints."""
    first, *arguments = shlex.split(command)
    if first != "python":
        subprocess.run([first, *arguments], check=True)
        return 0, ""
    out = io.StringIO()
    try:
        call_command(*arguments[1:], stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_guides_commands_do_what_it_says() -> None:
    make_workspace("demo")
    blocks = re.findall(r"```sh\n(.*?)\n```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    plan, apply, edit, plan_again, apply_again, release, remove, plan_prune, prune, export, plan_export = lines

    code, printed = said(plan)
    assert (code, Job.objects.exists()) == (2, False)
    digest = printed.splitlines()[-1].removeprefix("plan ")
    assert said(apply.replace("DIGEST", digest))[0] == 0
    assert said(plan)[0] == 0
    job = Job.objects.get()
    assert (job.key, job.tags, job.schedules[0]["name"]) == ("task:stock-levels", ["shop"], "mornings")

    said(edit)
    code, printed = said(plan_again)
    assert code == 2
    assert "limit: 2 -> 3" in printed
    with pytest.raises(CommandError, match="not the plan that was reviewed"):
        said(apply.replace("DIGEST", digest))
    said(apply_again)
    assert ConcurrencyGroup.objects.get().limit == 3

    said(release)
    assert not Origin.objects.filter(kind="job").exists()
    assert Event.objects.get(kind="job.released").data["note"] == "the shop takes it over"
    said(apply_again)

    said(remove)
    assert said(plan_again)[0] == 0
    code, printed = said(plan_prune)
    assert code == 2
    assert "delete     job task:stock-levels" in printed
    assert Job.objects.exists()
    said(prune)
    assert not Job.objects.exists()

    said(export)
    assert said(plan_export)[0] == 0


def test_the_manifests_of_the_reference_can_be_read() -> None:
    page = (DOCS / "reference" / "manifest.md").read_text(encoding="utf-8")
    found = load(*re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)).wanted
    assert [each.name for each in found] == ["shop-lake", "task:stock-report"]

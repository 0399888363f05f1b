"""``manage.py infer_dataset``"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from workers.generate.spec import Dataset


def test_what_it_prints_is_a_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = tmp_path / "my people.csv"
    sample.write_text("id,first_name,town\n1,Ada,London\n2,Grace,New York\n")
    call_command("infer_dataset", str(sample), locale="en-gb")
    (found,) = yaml.safe_load(capsys.readouterr().out)
    dataset = Dataset.model_validate(found)
    assert (dataset.name, dataset.locale) == ("my-people", "en-gb")
    assert [field.type for field in dataset.fields] == ["sequence", "person", "address"]


def test_what_it_cannot_read_it_says(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"nothing\.csv cannot be read as csv"):
        call_command("infer_dataset", str(tmp_path / "nothing.csv"))

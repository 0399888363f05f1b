"""Made-up records a second of one core: this system's, written to a file, and Mimesis called bare, which writes nothing."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from pathlib import Path
from typing import Any

import mimesis

from benchmarks.subjects.base import Sample
from workers.generate.job import GenerateJob
from workers.generate.run import Making

RECORDS = 50_000
FIELDS = [
    ("full_name", "person", "full_name"),
    ("email", "person", "email"),
    ("phone", "person", "phone"),
    ("job", "company", "job"),
    ("company", "company", "name"),
    ("street", "address", "street"),
    ("postal_code", "address", "postal_code"),
    ("city", "address", "city"),
    ("country", "address", "country"),
    ("ipv4", "network", "ipv4"),
]
"""A person of ten fields: what a field is called, its type, its part."""


class _Nobody:
    """Listens to a job that says how far it is."""

    def log(self, level: str, message: str) -> None: ...

    def progress(self, *, current: float, total: float | None = None, unit: str = "") -> None: ...


class _Subject:
    """Needs nothing installed."""

    name = ""

    def install(self) -> None:
        """Nothing."""

    def remove(self) -> None:
        """Nothing."""


class OursGenerates(_Subject):
    """The whole job but the start of its process: fields, records, format, hash, file. One process."""

    def __init__(self, *, name: str, kind: str) -> None:
        self.name = name
        self._format = {"type": kind}

    def measure(self) -> Sample:
        """Make the records once."""
        fields = [{"name": name, "type": kind, "part": part} for name, kind, part in FIELDS]
        job = {"records": RECORDS, "datasets": [{"name": "people", "fields": fields}], "format": self._format}
        with tempfile.TemporaryDirectory() as folder:
            began = time.process_time()
            Making(
                job=GenerateJob.model_validate(job),
                seed=1,
                now=dt.datetime.now(dt.UTC),
                folder=Path(folder),
                limit_bytes=10**9,
                channel=_Nobody(),
            ).results()
            return _rate(began)


class BareMimesis(_Subject):
    """The same fields by Mimesis's own methods, one record after the other, each a dict that is dropped."""

    name = "mimesis"

    def measure(self) -> Sample:
        """Make the records once."""
        began = time.process_time()
        person, address, finance, internet = mimesis.Person(), mimesis.Address(), mimesis.Finance(), mimesis.Internet()
        made: dict[str, Any] = {}
        for _ in range(RECORDS):
            made = {
                "full_name": person.full_name(),
                "email": person.email(),
                "phone": person.phone_number(),
                "job": person.occupation(),
                "company": finance.company(),
                "street": address.address(),
                "postal_code": address.postal_code(),
                "city": address.city(),
                "country": address.country(),
                "ipv4": internet.ip_v4(),
            }
        assert made
        return _rate(began)


def _rate(began: float) -> Sample:
    """By the processor's time, not the clock's: so it is a core's rate, whatever else the machine does."""
    return {"records_per_second": RECORDS / (time.process_time() - began)}

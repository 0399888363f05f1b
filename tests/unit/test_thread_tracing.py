"""A thread that meets another one's tracing begins all the same."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from tests.thread_tracing import PatientSys


def test_it_tries_again_until_the_other_has_gone() -> None:
    refusals, installed = iter([True, True, False]), []

    def settrace(function: Any) -> None:
        if next(refusals):
            raise RuntimeError("Cannot install a trace function while another trace function is being installed")
        installed.append(function)

    PatientSys(settrace).settrace("tracer")
    assert installed == ["tracer"]


def test_the_rest_is_that_of_sys() -> None:
    assert PatientSys(sys.settrace).exc_info is sys.exc_info


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="nothing is replaced there: see tests/thread_tracing.py")
def test_threads_begin_with_it() -> None:
    assert isinstance(threading._sys, PatientSys)  # type: ignore[attr-defined]

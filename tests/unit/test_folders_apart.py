"""Settings that name folders which must not lie in each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from jobsproject import env

ROOTS = [Path("/srv/data"), Path("/srv/more")]


@pytest.mark.parametrize("folder", ["/srv/data", "/srv/data/files", "/srv", "/srv/more/x/y"])
def test_a_folder_within_another_or_around_it_stops_the_start(folder: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"FILES .* and ROOTS .* must not overlap"):
        env.apart("FILES", Path(folder), "ROOTS", ROOTS)


@pytest.mark.parametrize("folder", [None, "/srv/files", "/srv/data-files"])
def test_any_other_is_fine(folder: str | None) -> None:
    env.apart("FILES", Path(folder) if folder else None, "ROOTS", ROOTS)

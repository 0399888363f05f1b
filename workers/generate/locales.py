"""The languages and countries that data can be made up for."""

from __future__ import annotations

import functools
import importlib


@functools.cache
def locales() -> tuple[str, ...]:
    """Their words, such as ``de-at``, in order."""
    # Loaded for who asks only: it brings all of Mimesis along, for each beat and web server too.
    known = importlib.import_module("mimesis.locales").Locale
    return tuple(sorted(locale.value for locale in known))

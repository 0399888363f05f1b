"""The machine's own Chromium, driven by Playwright: no browser is downloaded."""

from __future__ import annotations

import shutil
import sys

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
]


def find_chromium() -> str | None:
    """Its path; None where there is none."""
    return next((path for program in PROGRAMS if (path := shutil.which(program))), None)


if __name__ == "__main__":
    sys.exit(0 if find_chromium() else 1)

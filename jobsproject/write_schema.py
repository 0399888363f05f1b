"""Write the OpenAPI document: ``python -m jobsproject.write_schema docs/reference/openapi.yaml`` (``make schema``)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
from django.utils.module_loading import import_string


def main() -> None:
    """Write it to the file that is named."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobsproject.settings")
    django.setup()
    # Not imported above: they import models, for which Django must have started.
    made = import_string("jobsproject.openapi.document")()
    text = import_string("jobsproject.reference.as_yaml")(made)
    Path(sys.argv[1]).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

#!/bin/sh
# `make` puts this into .venv/bin, so that the command line of the checkout is there where its Python is.
here=$(cd "$(dirname "$0")/../.." && pwd)
PYTHONPATH=$here exec "$here/.venv/bin/python" -P -m commandline "$@"

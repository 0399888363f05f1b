"""``python -m tests.integration.byte_sinks.result_worker RUN``: a worker's process that works one run of one payload."""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from workers import turns

    turns.work(lanes=[(int(sys.argv[1]), 0)], queue="http", single=True)

"""``python -m tests.integration.byte_sinks.worker SINK``: a worker's process that delivers to one sink, to be killed."""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from workers.delivering import deliver_to

    sys.exit(0 if deliver_to(sink_id=int(sys.argv[1])) else 1)

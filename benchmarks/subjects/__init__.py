"""One module a subject: this system, each peer, and the script that http_50ms is held against."""

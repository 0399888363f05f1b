"""What calling a service means wherever it is done: addresses, status codes, credentials, signatures. For payloads and sinks."""

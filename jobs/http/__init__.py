"""What calling a service means wherever it is done, for payloads and sinks alike: addresses, status codes, credentials, signatures."""

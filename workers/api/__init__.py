"""The part of the API that needs what the kinds of payloads know."""

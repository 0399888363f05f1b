"""The OpenAPI document, held against the API that it describes."""

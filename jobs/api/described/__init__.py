"""What the OpenAPI document says of each operation. docs/reference/openapi.md tells how a route is described."""

"""What the OpenAPI document says of schedules and backfills."""

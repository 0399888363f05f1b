"""What the OpenAPI document says of sinks, deliveries, rules and notices."""

"""Writing records: one module a format, all with one shape; ``opening`` chooses among them."""

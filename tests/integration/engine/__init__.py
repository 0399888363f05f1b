"""The run engine against a real PostgreSQL, one pass, one turn or one statement at a time."""

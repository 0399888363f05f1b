"""The scheduler against PostgreSQL."""

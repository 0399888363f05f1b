"""Reading sinks and deliveries, for the API and the admin alike."""

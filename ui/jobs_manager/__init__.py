"""The jobs of a workspace."""

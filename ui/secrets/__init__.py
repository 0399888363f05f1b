"""Secrets of a workspace: their names, and ways in."""

"""Workspaces, members, tokens, secrets and the audit."""

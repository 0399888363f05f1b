"""Fetching: whatever the source is, its rows come to lie in local files, from which DuckDB reads them.

A file that is read twice (its types are inferred first) is the same file both times, and a connection that breaks half way has
loaded nothing.
"""

"""The command line: a client of the API, which knows nothing of what stands behind it. docs/reference/command-line.md"""

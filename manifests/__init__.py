"""Jobs as code: what a workspace has, written in files; planned, applied and exported."""

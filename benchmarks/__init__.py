"""How fast, beside the peers: `make bench`. See docs/explanation/performance.md."""

"""The web UI: pages of our own, server-rendered, for people. The top app but for the site itself."""

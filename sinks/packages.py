"""The kinds of sink: one package each, none knows another. A package offers KIND."""

from sinks import http, log, registry, webhook

_PACKAGES = (http, log, webhook)


def register_all() -> None:
    """Tell the rest of the system which kinds there are."""
    for package in _PACKAGES:
        registry.register(package.KIND)

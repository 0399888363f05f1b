"""The kinds of sink: one package each, none knows another. A package offers KIND."""

from sinks import database, email, kafka, log, message, registry

_PACKAGES = (database, email, kafka, log, message)


def register_all() -> None:
    """Tell the rest of the system which kinds there are."""
    for package in _PACKAGES:
        registry.register(package.KIND)

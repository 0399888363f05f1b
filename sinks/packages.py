"""The kinds of sink: one package each, none knows another. A package offers KIND."""

from sinks import database, email, file, kafka, log, message, registry, s3

_PACKAGES = (database, email, file, kafka, log, message, s3)


def register_all() -> None:
    """Tell the rest of the system which kinds there are."""
    for package in _PACKAGES:
        registry.register(package.KIND)

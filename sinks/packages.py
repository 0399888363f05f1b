"""The kinds of sink: one package each, none knows another. A package offers KIND."""

from sinks import database, email, file, http, kafka, log, message, registry, s3, webhook

_PACKAGES = (database, email, file, http, kafka, log, message, s3, webhook)


def register_all() -> None:
    """Tell the rest of the system which kinds there are."""
    for package in _PACKAGES:
        registry.offer(package.KIND)

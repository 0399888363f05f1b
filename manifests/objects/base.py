"""What planning and applying ask of each kind of object."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from jobs.models import Workspace
from manifests.documents import Wanted


@dataclass(frozen=True, slots=True)
class Present:
    """An object as it stands: its document in the form of `Wanted.document`, and a word that changes whenever it does."""

    document: dict[str, Any]
    version: str


class Objects(Protocol):
    """One kind."""

    def present(self, *, workspace: Workspace, names: Collection[str], lock: bool) -> dict[str, Present]:
        """Those of these names that there are, by name. ``lock``: nobody else changes them until the transaction ends."""

    def everything(self, *, workspace: Workspace) -> dict[str, dict[str, Any]]:
        """The documents of all that there are, by name, in a stable order."""

    def save(self, *, workspace: Workspace, wanted: Wanted, actor: str) -> None:
        """Create it or change it, for the file that it is kept in. Raises what the API's services raise."""

    def delete(self, *, workspace: Workspace, name: str, actor: str) -> None:
        """Delete it, for the file that it was kept in, if it is there. Raises what the API's services raise."""

"""A plan: what applying files would do to each object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from manifests.differences import Change
from manifests.documents import Wanted, digest

Action = Literal["create", "change", "delete", "unchanged"]
ACTIONS: tuple[Action, ...] = ("create", "change", "delete", "unchanged")


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one object.

    Args:
        kind: One of `manifests.documents.KINDS`.
        name: The object's.
        action: What is done.
        changes: Of a change: each field. ``source`` stands for the set of files that it is kept in from then on.
        wanted: What the file says; None of one that is deleted.
        version: Changes whenever the object does; empty for one that is new.
        writes: Whether the object itself is written; False where only its source changes.
    """

    kind: str
    name: str
    action: Action
    changes: Sequence[Change] = ()
    wanted: Wanted | None = None
    version: str = ""
    writes: bool = True

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        place = self.wanted.place if self.wanted else None
        return {
            "kind": self.kind,
            "name": self.name,
            "action": self.action,
            "changes": [change.to_dict() for change in self.changes],
            "file": place.file if place else None,
            "document": place.index if place else None,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps, in the order in which they are carried out.

    Args:
        workspace: Its slug.
        source: The set of files; None when the objects are not to be kept in files.
        prune: Whether what came from the source and is not in it any more is deleted.
        steps: One for each object.
    """

    workspace: str
    source: str | None
    prune: bool
    steps: Sequence[Step]

    @property
    def digest(self) -> str:
        """SHA-256 of what is planned and of the versions that it begins with: it changes when either does."""
        steps = sorted([each.kind, each.name, each.action, each.version, _said(each)] for each in self.steps)
        return digest([self.workspace, self.source, self.prune, steps])

    @property
    def counts(self) -> dict[Action, int]:
        """How many objects by action."""
        found = Counter(each.action for each in self.steps)
        return {action: found[action] for action in ACTIONS}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return all(each.action == "unchanged" for each in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "workspace": self.workspace,
            "source": self.source,
            "prune": self.prune,
            "digest": self.digest,
            "counts": self.counts,
            "objects": [each.to_dict() for each in self.steps],
        }


def _said(step: Step) -> str:
    """What the file says, and whether it is to be claimed: without the version of what is left alone."""
    claimed = [change.after for change in step.changes if change.field == "source"]
    return digest([step.wanted.document if step.wanted else None, claimed])

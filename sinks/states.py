"""The states of deliveries, and the words for why a sink is left alone."""

from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    DUE = "due"
    """To be made at its due time, by whoever holds its sink. Leaves by an attempt."""
    DELIVERED = "delivered"
    """The other side has it; its receipt says so. Final, unless somebody asks to deliver it again."""
    DEAD = "dead"
    """Given up, with the reason. Final, unless somebody asks to deliver it again."""


class SinkState(StrEnum):
    """How it stands with a sink, as people are told; worked out from its standing."""

    READY = "ready"
    """What is due is delivered as soon as somebody takes it."""
    DELIVERING = "delivering"
    """A worker holds it."""
    RESTING = "resting"
    """Too many attempts in a row have failed: left alone until its time, then tried with one delivery."""
    DISABLED = "disabled"
    """It wants nothing more: left alone until somebody enables it or changes it."""


class Skipped(StrEnum):
    """Why a delivery is not made again."""

    DUE = "due"
    """It is due anyway."""
    ERASED = "erased"
    """A cleanup has erased the results of its run: there is nothing to deliver."""
    NO_SINK = "no_sink"
    """Its sink is gone, and its job's entry or its rule means no other."""
    NOT_FOUND = "not_found"
    """The workspace has no such delivery."""

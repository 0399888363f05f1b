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

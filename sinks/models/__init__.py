"""The tables of the sinks."""

from sinks.models.check import Check
from sinks.models.delivery import Delivery
from sinks.models.failed_delivery import FailedDelivery
from sinks.models.handover import Handover
from sinks.models.sink import Sink
from sinks.models.standing import Standing
from sinks.models.use import Use

__all__ = ["Check", "Delivery", "FailedDelivery", "Handover", "Sink", "Standing", "Use"]

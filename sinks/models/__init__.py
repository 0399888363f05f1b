"""The tables of the sinks."""

from sinks.models.check import Check
from sinks.models.delivery import Delivery
from sinks.models.failed_delivery import FailedDelivery
from sinks.models.handover import Handover
from sinks.models.notice import Notice
from sinks.models.rule import Rule
from sinks.models.sink import Sink
from sinks.models.standing import Standing
from sinks.models.use import Use
from sinks.models.watch import Watch

__all__ = ["Check", "Delivery", "FailedDelivery", "Handover", "Notice", "Rule", "Sink", "Standing", "Use", "Watch"]

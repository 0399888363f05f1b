"""Making deliveries from what runs owe to a sink."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobs import hotpath
from jobs.states import PayloadState
from sinks import claims
from sinks.base import SinkKind, Unit
from sinks.claims import Held, OpenHandover, Outcome, Range
from sinks.documents import SinkEntry, read_entry, unit_of

POSITIONS_AT_ONCE = 1000


def expand(*, held: Held, kind: SinkKind) -> bool:
    """Make the next deliveries of a sink's oldest open handover; where they are ordered, of the oldest that has none left.

    The deliveries and how far the handover has come are one transaction: whoever dies here has done all of it or nothing.

    Returns:
        Whether there was one.
    """
    with hotpath.connection(hotpath.SINKS) as connection, connection.transaction():
        handover = claims.lock_handover(connection, held=held, ordered=kind.ordered)
        if handover is None:
            return False
        entry = read_entry(handover.entry or {})
        unit = unit_of(entry, kind)
        ranges, next_position = _next(connection, handover, entry, unit)
        claims.add_deliveries(connection, handover=handover, ranges=ranges, next_position=next_position)
    return True


def _next(
    connection: claims.Connection, handover: OpenHandover, entry: SinkEntry, unit: Unit
) -> tuple[list[Range], int]:
    if unit == "run":
        payloads = sum(len(wanted) for wanted in _all_wanted(connection, handover, entry))
        return [Range(0, handover.total - 1, payloads)] if payloads else [], handover.total
    high = min(handover.next_position + max(POSITIONS_AT_ONCE, entry.batch), handover.total)
    found = claims.outcomes(connection, run_id=handover.run_id, low=handover.next_position, high=high)
    wanted = [outcome.position for outcome in found if wants(entry, outcome)]
    size = entry.batch if unit == "batch" else 1
    return [_range(wanted[at : at + size]) for at in range(0, len(wanted), size)], high


def _all_wanted(connection: claims.Connection, handover: OpenHandover, entry: SinkEntry) -> Iterator[list[Outcome]]:
    for low in range(0, handover.total, POSITIONS_AT_ONCE):
        found = claims.outcomes(connection, run_id=handover.run_id, low=low, high=low + POSITIONS_AT_ONCE)
        yield [outcome for outcome in found if wants(entry, outcome)]


def _range(positions: Sequence[int]) -> Range:
    return Range(positions[0], positions[-1], len(positions))


def states_of(entry: SinkEntry) -> list[str]:
    """The outcomes that an entry delivers. What was cancelled has none."""
    return [PayloadState.SUCCEEDED] if entry.skip_on_fail else [PayloadState.SUCCEEDED, PayloadState.FAILED]


def wants(entry: SinkEntry, outcome: Outcome) -> bool:
    """Whether a payload's outcome is to be delivered."""
    return outcome.state in states_of(entry) and (entry.apis_to_send is None or outcome.name in entry.apis_to_send)

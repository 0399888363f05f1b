"""Server-Sent Events on the wire. Source: HTML Living Standard, section 9.2, "Server-sent events"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jobs.api.live.cursors import Cursor
from jobs.api.live.topics import LOG, Gap, Item, encode

CONTENT_TYPE = "text/event-stream"
HEADERS = {
    # A stream is nobody's to store or to compress, and nginx is not to wait until it has a buffer full of it.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}


def frame(name: str, body: str, *, cursor: Cursor | None = None) -> bytes:
    """One event. ``body``: JSON, on one line."""
    place = "" if cursor is None else f"id: {cursor}\n"
    return f"{place}event: {name}\ndata: {body}\n\n".encode()


def notice(name: str, body: Mapping[str, Any]) -> bytes:
    """One event that is no entry of a log, and so does not move where the client stands."""
    return frame(name, encode(body))


def gap(gap: Gap) -> bytes:
    """What was left out. It moves where the client stands: to be told of it once is enough."""
    return frame("gap", encode(gap_json(gap)), cursor=Cursor(gap.until))


def gap_json(gap: Gap) -> dict[str, str]:
    """As clients are told of it."""
    return {
        "after": str(gap.after),
        "until": str(gap.until),
        "detail": "events of the job between these places are left out: they lie too far back. Its runs have their own",
    }


def retry(*, milliseconds: int) -> bytes:
    """How long the client is to wait before it comes again."""
    return f"retry: {milliseconds}\n\n".encode()


def place(cursor: Cursor) -> bytes:
    """Where the client stands, which no script is told of."""
    return f"id: {cursor}\n\n".encode()


def ready() -> bytes:
    """To who is told of the present alone. It takes up to a second until the stream begins: what was read meanwhile may lack what
    happened before."""
    return notice("ready", {"detail": "from here on everything is told"})


def heartbeat(cursor: Cursor) -> bytes:
    """A comment, which keeps proxies from closing the connection, and where the client stands."""
    return b": still here\n" + place(cursor)


def frames(items: Iterable[Item], *, start: Cursor) -> Iterator[bytes]:
    """Entries, each with the cursor of a client that got it and all before it.

    Args:
        items: By id.
        start: The cursor of a client that got none of them.
    """
    cursor = start
    for item in items:
        is_line = item.name == LOG
        cursor = Cursor(cursor.event_id, item.id) if is_line else Cursor(item.id, cursor.line_id)
        yield frame(item.name, item.body, cursor=cursor)

"""Django's ASGI handler, for answers that last."""

from __future__ import annotations

from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from jobs.api.live.hub import HUB


class LiveHandler(ASGIHandler):
    """Keeps a thread and a connection to the database only while a request is answered, and not for as long as its stream lasts.

    Django's own gives each request a thread until its answer is sent whole, and that thread's connection goes back to the pool
    then: eight streams would leave nothing for a ninth.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise ValueError(f"this serves HTTP, and not {scope['type']}")
        await self.handle(scope, receive, send)

    def close(self) -> None:
        """End all streams: the process is to end."""
        HUB.close()

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The response; of a stream, its beginning."""
        async with ThreadSensitiveContext():
            try:
                return await super().get_response_async(request)
            finally:
                await sync_to_async(connections.close_all)()

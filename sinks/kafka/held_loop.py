"""An event loop that connects to permitted addresses and to nothing else, in a thread of its own.

Kafka's brokers name each other: a client goes wherever the first one sends it. aiokafka makes each connection by its loop's
`create_connection`, so this is where each of them is looked at. (librdkafka connects in C, where nothing of ours could.)
"""

from __future__ import annotations

import asyncio
import socket
import ssl as tls
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from jobs.errors import PermanentError, TransientError

T = TypeVar("T")


class HeldLoop(asyncio.SelectorEventLoop):
    """Started by `start`, ended by `end`.

    Args:
        permit: As `sinks.base.Surroundings.permit`.
    """

    def __init__(self, permit: Callable[[str, int], Sequence[str]]) -> None:
        super().__init__()
        self._permit = permit
        self._found: dict[str, Sequence[str]] = {}
        self._refused: asyncio.Future[PermanentError] = self.create_future()
        self._thread = threading.Thread(target=self.run_forever, name="kafka", daemon=True)

    def start(self) -> None:
        """Begin to run."""
        self._thread.start()

    def end(self) -> None:
        """Stop running; whatever is under way is given up."""
        self.call_soon_threadsafe(self.stop)
        self._thread.join()
        for task in asyncio.all_tasks(self):
            task.cancel()
        self.run_until_complete(asyncio.sleep(0))
        self.run_until_complete(self.shutdown_default_executor())
        self.close()

    def do(self, work: Coroutine[Any, Any, T], *, seconds: float) -> T:
        """Do this in the loop's thread, from another one.

        Raises:
            PermanentError: Meanwhile or before, an address was refused, or a certificate was.
            TimeoutError: It takes longer.
            Exception: Whatever the work raises.
        """
        return asyncio.run_coroutine_threadsafe(self._watched(work, seconds), self).result()

    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], Any], host: str, port: int, *, ssl: tls.SSLContext | None = None
    ) -> Any:
        """Connect to one of a host's permitted addresses; its certificate must be the host's. This is how aiokafka calls it."""
        self._found[host] = await self.run_in_executor(None, self._permitted, host, port)
        try:
            return await super().create_connection(
                protocol_factory, host, port, ssl=ssl, server_hostname=host if ssl else None
            )
        except tls.SSLCertVerificationError as error:
            self._refuse(PermanentError(f"the certificate is not accepted: {error.verify_message}", code="tls"))
            raise

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        """Of a name, the addresses that were permitted: the loop asks here for what it then tries in turn.

        It asks for no address that is written as one; that has been permitted, too.
        """
        return [each for address in self._found[host] for each in socket.getaddrinfo(address, port, **options)]

    def _permitted(self, host: str, port: int) -> Sequence[str]:
        """Raises OSError, which the client takes for a broker that is down; `do` tells what is more."""
        try:
            return self._permit(host, port)
        except PermanentError as error:
            self.call_soon_threadsafe(self._refuse, error)
            raise ConnectionRefusedError(str(error)) from error
        except TransientError as error:
            raise ConnectionError(str(error)) from error

    def _refuse(self, error: PermanentError) -> None:
        if not self._refused.done():
            self._refused.set_result(error)

    async def _watched(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        task = asyncio.ensure_future(work)
        either: set[asyncio.Future[Any]] = {task, self._refused}
        await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if self._refused.done():
            task.cancel()
            raise self._refused.result()
        if not task.done():
            task.cancel()
            raise TimeoutError(f"no answer within {seconds:g} s")
        return task.result()

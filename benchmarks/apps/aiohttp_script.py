"""``python -m benchmarks.apps.aiohttp_script URL COUNT AT_ONCE`` gets a URL so many times, and prints the seconds it took."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator

import aiohttp


async def get_all(*, url: str, count: int, at_once: int) -> float:
    """Get ``url`` ``count`` times over ``at_once`` connections; returns seconds, the start of Python and the imports left out."""
    connector = aiohttp.TCPConnector(limit=at_once)
    async with aiohttp.ClientSession(connector=connector, raise_for_status=True) as session:
        turns = iter(range(count))
        began = time.perf_counter()
        await asyncio.gather(*(_work(session, url, turns) for _ in range(at_once)))
        return time.perf_counter() - began


async def _work(session: aiohttp.ClientSession, url: str, turns: Iterator[int]) -> None:
    for _ in turns:
        async with session.get(url) as response:
            await response.read()


if __name__ == "__main__":
    print(asyncio.run(get_all(url=sys.argv[1], count=int(sys.argv[2]), at_once=int(sys.argv[3]))))

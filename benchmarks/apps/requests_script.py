"""``python -m benchmarks.apps.requests_script URL COUNT AT_ONCE BYTES`` posts so many bodies, and prints the seconds it took."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests


def post_all(*, url: str, count: int, at_once: int, body: bytes) -> float:
    """Post ``body`` ``count`` times in so many threads of a session each; returns seconds, start and imports left out."""
    shares = [count // at_once + (number < count % at_once) for number in range(at_once)]
    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        for _ in pool.map(lambda share: _work(url, share, body), shares):
            pass
    return time.perf_counter() - began


def _work(url: str, count: int, body: bytes) -> None:
    with requests.Session() as session:
        for _ in range(count):
            session.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=30).raise_for_status()


if __name__ == "__main__":
    body = b"x" * int(sys.argv[4])
    print(post_all(url=sys.argv[1], count=int(sys.argv[2]), at_once=int(sys.argv[3]), body=body))

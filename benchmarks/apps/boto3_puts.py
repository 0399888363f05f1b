"""``python -m benchmarks.apps.boto3_puts URL BUCKET COUNT AT_ONCE``: puts objects of one record with boto3; prints the seconds."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

from tests.swift import ACCESS_KEY, REGION, SECRET_KEY

BODY = b"x" * 400
"""About what a delivery of a no-op's outcome has."""


def client(url: str, at_once: int) -> Any:
    """As plain as can be."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(
            s3={"addressing_style": "path"},
            max_pool_connections=at_once,
            request_checksum_calculation="when_required",
        ),
    )


def main(url: str, bucket: str, count: int, at_once: int) -> None:
    """Warm the connections, then put."""
    service = client(url, at_once)

    def put(number: int) -> None:
        service.put_object(Bucket=bucket, Key=f"bare/{number}.json", Body=BODY)

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(put, range(at_once)))
        began = time.monotonic()
        list(pool.map(put, range(count)))
        print(time.monotonic() - began)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))

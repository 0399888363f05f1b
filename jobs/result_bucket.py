"""Results in a bucket of S3, or of any service that speaks its protocol: as much of Django's storage API as results need."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from django.core.files.storage import Storage

_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_TRIES = 3
_MISSING = ("NoSuchKey", "404")


class ResultBucket(Storage):
    """Each file is an object, put in one request: it is there whole, or not at all.

    Credentials are the process's own, wherever boto3 finds them (the environment, a role): they stand in no setting. A client of
    boto3 may be used by several threads at once.

    Args:
        bucket: Must exist.
        prefix: Before each key, such as ``jobs/results``; may be empty.
        endpoint_url: Left out, Amazon's of the region.
        region: Left out, the environment's.
        path_style: Whether the bucket is named in the path instead of the host.
    """

    def __init__(
        self,
        *,
        bucket: str,
        prefix: str = "",
        endpoint_url: str | None = None,
        region: str | None = None,
        path_style: bool = False,
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._endpoint_url = endpoint_url
        self._region = region
        self._style = "path" if path_style else "auto"
        self._client: Any = None
        self._making = threading.Lock()

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself, and no question whether there is such an object: a result's name is never used twice."""
        return name

    def delete(self, name: str) -> None:
        """Delete an object, if it is there."""
        with _explained():
            self._service().delete_object(Bucket=self._bucket, Key=self._prefix + name)

    def exists(self, name: str) -> bool:
        """Whether there is such an object."""
        try:
            with _explained():
                self._service().head_object(Bucket=self._bucket, Key=self._prefix + name)
        except FileNotFoundError:
            return False
        return True

    def _save(self, name: str, content: Any) -> str:
        body = content.read()
        with _explained():
            self._service().put_object(
                Bucket=self._bucket, Key=self._prefix + name, Body=body, ContentType="application/json"
            )
        return name

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        with _explained():
            answer = self._service().get_object(Bucket=self._bucket, Key=self._prefix + name)
        return File(_Body(answer["Body"]), name=name)  # type: ignore[arg-type]

    def _service(self) -> Any:
        with self._making:  # making clients of boto3's default session is not for several threads at once
            if self._client is None:
                self._client = boto3.session.Session().client(
                    "s3",
                    endpoint_url=self._endpoint_url,
                    region_name=self._region,
                    config=Config(
                        connect_timeout=_CONNECT_SECONDS,
                        read_timeout=_READ_SECONDS,
                        retries={"mode": "standard", "total_max_attempts": _TRIES},
                        s3={"addressing_style": self._style},
                        # Services other than Amazon's do not know the newer checksums.
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                    ),
                )
        return self._client


class _Body:
    """An answer on its way, whose errors are a file's."""

    closed = False

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        with _explained():
            piece: bytes = self._body.read(None if size < 0 else size)
        return piece

    def close(self) -> None:
        """Let go of the connection."""
        self.closed = True
        self._body.close()


@contextmanager
def _explained() -> Iterator[None]:
    """Turn boto3's errors into those of a file system. An answer's own words may say where it is, which nobody is told."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _MISSING:
            raise FileNotFoundError(code) from error
        raise OSError(f"the storage answered {code}") from error
    except BotoCoreError as error:
        raise OSError(f"the storage does not answer: {type(error).__name__}") from error

"""A small S3 service of one bucket, for tests: it checks signatures, lists keys two to a page, and keeps objects in memory.

Source: the API reference of Amazon S3 (ListObjectsV2, GetObject, HeadObject, PutObject, DeleteObjects) and its Signature Version 4.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from workers.ingest.spec import S3Access

BUCKET = "lake"
KEYS = Credentials("a-key", "a-secret")
_PAGE = 2


class S3Service:
    """What it holds, and how it is reached."""

    def __init__(self, port: int) -> None:
        self.objects: dict[str, bytes] = {}
        self.failing_with: tuple[int, str] | None = None
        self.access = S3Access(f"http://127.0.0.1:{port}", "us-east-1", KEYS.access_key, KEYS.secret_key)


@contextmanager
def s3_service() -> Iterator[S3Service]:
    """One that runs in a thread of this process."""
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        handler.service = S3Service(server.server_port)  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield handler.service  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    service: S3Service

    def do_GET(self) -> None:
        """ListObjectsV2 or GetObject."""
        if not self._is_refused():
            query = dict(parse_qsl(urlsplit(self.path).query))
            self._list(query) if "list-type" in query else self._give()

    def do_HEAD(self) -> None:
        """HeadObject."""
        if not self._is_refused():
            self._give()

    def do_PUT(self) -> None:
        """PutObject."""
        body = self._body()
        if not self._is_refused():
            self.service.objects[self._key] = body
            self._answer(200)

    def do_POST(self) -> None:
        """DeleteObjects."""
        body = self._body().decode()
        if not self._is_refused():
            for key in re.findall("<Key>(.*?)</Key>", body):
                self.service.objects.pop(key, None)
            self._answer(200, "<DeleteResult></DeleteResult>")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    @property
    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}").removeprefix("/")

    def _is_refused(self) -> bool:
        if self.service.failing_with:
            self._fail(*self.service.failing_with)
        elif not self._is_signed():
            self._fail(403, "SignatureDoesNotMatch")
        elif urlsplit(self.path).path.split("/")[1] != BUCKET:
            self._fail(404, "NoSuchBucket")
        else:
            return False
        return True

    def _is_signed(self) -> bool:
        """Sign the same request with the right keys, and compare."""
        found = re.search(r"SignedHeaders=([^,]+), *Signature=(\w+)", self.headers.get("Authorization", ""))
        if found is None:
            return False
        headers = {name: self.headers[name] for name in found[1].split(";")}
        request = AWSRequest(self.command, f"http://{self.headers['Host']}{self.path}", headers=headers)
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        signer = S3SigV4Auth(KEYS, "s3", "us-east-1")
        to_sign = signer.string_to_sign(request, signer.canonical_request(request))
        return bool(signer.signature(to_sign, request) == found[2])

    def _list(self, query: dict[str, str]) -> None:
        found = [key for key in sorted(self.service.objects) if key.startswith(query["prefix"])]
        start = int(query.get("continuation-token", 0))
        contents = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in found[start : start + _PAGE])
        more = start + _PAGE < len(found)
        token = f"<NextContinuationToken>{start + _PAGE}</NextContinuationToken>" if more else ""
        truncated = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        self._answer(200, f"<ListBucketResult>{truncated}{token}{contents}</ListBucketResult>")

    def _give(self) -> None:
        content = self.service.objects.get(self._key)
        if content is None:
            self._fail(404, "NoSuchKey")
        else:
            self._answer(200, content)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _fail(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code></Error>")

    def _answer(self, status: int, content: str | bytes = b"") -> None:
        data = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", '"0"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

"""Reading request bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser

from jobs import strict_json
from jobs.errors import FieldError, ValidationError


class BodyTooLargeError(APIException):
    """The body is longer than this address takes."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class StrictJSONParser(BaseParser):
    """JSON in UTF-8 as `strict_json` reads it. REST framework's own parser takes bodies of any size, and names that stand twice."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The body's value. Raises ValidationError on the field ``""``, and BodyTooLargeError."""
        limit = getattr((parser_context or {}).get("view"), "largest_body_bytes", None)
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE if limit is None else limit
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLargeError(f"the body may have at most {limit} bytes")
        try:
            return strict_json.loads(body.decode())
        except UnicodeDecodeError as error:
            raise ValidationError([FieldError("", f"the body is not UTF-8 at byte {error.start}")]) from error
        except strict_json.NotJSONError as error:
            raise ValidationError([FieldError("", f"the body is not JSON: {error}")]) from error

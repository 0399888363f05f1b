"""What the brokers' errors mean for the attempt."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator

import amqp
import kombu
import redis

from jobs.errors import PermanentError, TransientError
from sinks.time_limits import code_of

_NO_ROUTE = 312
_STAYS = (amqp.PreconditionFailed, amqp.FrameError)
"""What is too large, say, stays so. Everything else a broker refuses can be mended there: a queue, a password, a permission."""


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn errors of py-amqp and redis-py into ours."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise PermanentError(f"the certificate is not accepted: {error.verify_message}", code="tls") from error
    except amqp.exceptions.MessageNacked as error:
        raise TransientError("the broker did not take the message", code="refused") from error
    except amqp.AMQPError as error:
        raise _of_amqp(error) from error
    except (redis.AuthenticationError, redis.ConnectionError, redis.TimeoutError) as error:
        raise _of_connection(error) from error
    except redis.RedisError as error:
        raise _of_redis(error) from error
    except (OSError, kombu.exceptions.OperationalError) as error:
        raise _of_connection(error) from error


def _of_amqp(error: amqp.AMQPError) -> TransientError | PermanentError:
    if error.reply_code == _NO_ROUTE:
        return TransientError("no queue takes messages with this routing key", code="unroutable")
    kind = PermanentError if isinstance(error, _STAYS) else TransientError
    said = getattr(error, "reply_text", "") or error
    return kind(f"the broker refused: {said}", code="refused", details={"status": error.reply_code})


def _of_redis(error: redis.RedisError) -> TransientError | PermanentError:
    kind = PermanentError if str(error).startswith("WRONGTYPE") else TransientError
    return kind(f"Redis refused: {error}", code="refused")


def _of_connection(error: Exception) -> TransientError | PermanentError:
    if isinstance(error.__cause__ or error.__context__, ssl.SSLCertVerificationError):
        return PermanentError("the certificate is not accepted", code="tls")
    return TransientError(f"no answer: {error}", code=code_of(error, otherwise="connection"))

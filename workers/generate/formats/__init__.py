"""Writing records: one module a format, all with one shape."""

from workers.generate.formats.opening import open_writer
from workers.generate.formats.options import BINARY, AnyFormat, check_format

__all__ = ["BINARY", "AnyFormat", "check_format", "open_writer"]

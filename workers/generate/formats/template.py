"""Text by a template."""

from __future__ import annotations

from workers import templates
from workers.generate.block import Block
from workers.generate.formats.base import Stream
from workers.generate.formats.options import TemplateFormat
from workers.generate.formats.text import spelled_rows
from workers.generate.layout import Layout


class TemplateWriter:
    """Writes the head, the template once for each record, and the foot."""

    def __init__(self, stream: Stream, layout: Layout, options: TemplateFormat) -> None:
        self._stream = stream
        self._layout = layout
        self._options = options
        self._stream.write(options.head.encode())

    def write(self, block: Block) -> None:
        """The template for each. Raises PermanentError when it names what no record has."""
        names = self._layout.names
        rows = spelled_rows(block, self._layout, null="")
        texts = [
            self._render(dict(zip(names, row, strict=True)) | {"number": block.first + at})
            for at, row in enumerate(rows, start=1)
        ]
        self._stream.write("".join(texts).encode())

    def close(self) -> None:
        """The foot."""
        self._stream.write(self._options.foot.encode())

    def _render(self, variables: dict[str, object]) -> str:
        return templates.render_text(self._options.record, field="format.record", variables=variables)

"""The files that a run's payloads have made: list and download."""

from __future__ import annotations

from django.conf import settings
from django.http import FileResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import shapes
from jobs.api.described import runs as on_runs
from jobs.api.described.operation import described
from jobs.api.pages import MAX_POSITION, Query, page
from jobs.api.runs import RunPart
from jobs.selectors.stored_files import list_files, open_file


@described(get=on_runs.LIST_FILES)
class FileList(RunPart):
    """``runs/{id}/files/``"""

    def get(self, request: Request, workspace: str, run_id: int) -> Response:
        """The files, the oldest first; ``position`` keeps those of one payload."""
        query = Query(request, known=("position",))
        position = query.number("position", most=MAX_POSITION)
        files = list_files(run=self.run(run_id), limit=query.limit + 1, after=query.number("after"), position=position)
        return page(request, files, limit=query.limit, cursor=lambda file: file.pk, show=shapes.file_json)


@described(get=on_runs.GET_FILE)
class FileContent(RunPart):
    """``runs/{id}/files/{position}/{name}/``"""

    def get(self, request: Request, workspace: str, run_id: int, position: int, name: str) -> HttpResponseBase:
        """The file itself, always as a download: a browser is not to run what is in it."""
        root = settings.JOBS_STORED_FILES
        file, content = open_file(run=self.run(run_id), position=position, name=name, root=root)
        headers = {"ETag": f'"{file.sha256}"', "Cache-Control": "private"}
        return FileResponse(
            content, as_attachment=True, filename=file.name, content_type=file.media_type, headers=headers
        )

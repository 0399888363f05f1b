"""The operations on datasources outside runs."""

from __future__ import annotations

from typing import Any

from jobs.api.described.bodies import ParametersToCheck, ParametersToPreview
from jobs.api.described.datasource_shapes import DatasourceOperation, Streams
from jobs.api.described.operation import Answer, Operation, text, whole
from jobs.api.described.parts import WAIT
from jobs.api.pages import MAX_POSITION
from jobs.documents.datasources import SavedPreview, SavedRequest

JSON = Any
TAG = "Datasources"
_EXAMPLE = DatasourceOperation.EXAMPLE
_ASKED: dict[str, JSON] = _EXAMPLE | {"state": "waiting", "result": None, "ended_at": None}
_PARAMETERS = {
    "source": {"path": "https://shop.example.com/orders.csv"},
    "destination": {"postgresql": {"url_secret": "WAREHOUSE", "schema": "public", "table": "orders"}},
    "write": "replace",
}


def _answers(**asked: JSON) -> dict[int, Answer]:
    """What is answered when no worker took it yet, as with ``wait=0``; and when it is over."""
    return {
        202: Answer(
            says="A worker is at it, or none has begun: ask again at `Location`.",
            shape=DatasourceOperation,
            headers=("Location",),
            example=_ASKED | asked,
        ),
        200: Answer(says="It is over.", shape=DatasourceOperation, example=_EXAMPLE | asked),
    }


VALIDATE = Operation(
    id="validateParameters",
    tag=TAG,
    summary="Check parameters that are not saved",
    says="Check the parameters of a datasource that is not saved and, with `verify_access`, whether there is access to both ends."
    " What is wrong in the parameters themselves is told at once.",
    parameters=(WAIT,),
    body=ParametersToCheck,
    example={"parameters": _PARAMETERS, "verify_access": False},
    answers={
        200: Answer(
            says="It is over.",
            shape=DatasourceOperation,
            example=_EXAMPLE
            | {
                "id": None,
                "operation": "validate",
                "datasource": None,
                "stream": None,
                "result": {"valid": True, "errors": []},
            },
        ),
        202: Answer(
            says="A worker is at it, or none has begun: ask again at `Location`.",
            shape=DatasourceOperation,
            headers=("Location",),
            example=_ASKED | {"operation": "validate", "datasource": None, "stream": None},
        ),
    },
)
PREVIEW = Operation(
    id="previewParameters",
    tag=TAG,
    summary="Preview parameters that are not saved",
    parameters=(WAIT,),
    body=ParametersToPreview,
    example={"parameters": _PARAMETERS, "rows": 10},
    answers=_answers(datasource=None, stream=None),
)
VALIDATE_SAVED = Operation(
    id="validateDatasource",
    tag=TAG,
    summary="Check a datasource",
    parameters=(WAIT,),
    body=SavedRequest,
    body_required=False,
    example={"payload": 0},
    answers=_answers(operation="validate"),
)
PREVIEW_SAVED = Operation(
    id="previewDatasource",
    tag=TAG,
    summary="Preview a datasource",
    parameters=(WAIT,),
    body=SavedPreview,
    body_required=False,
    example={"payload": 0, "rows": 10},
    answers=_answers(),
)
DELETE_OUTPUT = Operation(
    id="deleteDatasourceOutput",
    tag=TAG,
    summary="Delete what a datasource has loaded",
    says="Delete what stands in the destination, and forget how far the loads have come.",
    parameters=(
        whole("payload", "Which of its payloads, 0 for the first; needed when there are several.", most=MAX_POSITION),
        WAIT,
    ),
    answers=_answers(operation="delete_output"),
    problems={409: "A run of it is active."},
)
GET_STATE = Operation(
    id="getDatasourceState",
    tag=TAG,
    summary="Read how far the loads have come",
    answers={200: Answer(says="The state of each payload.", shape=Streams)},
)
RESET_STATE = Operation(
    id="resetDatasourceState",
    tag=TAG,
    summary="Forget how far the loads have come",
    says="Forget it, so that the next load begins at the beginning.",
    parameters=(text("stream", "Only of the payload whose state is kept under this name.", example="orders"),),
    answers={200: Answer(says="The state that is left.", shape=Streams)},
    problems={409: "A run of it is active."},
)
GET_OPERATION = Operation(
    id="getDatasourceOperation",
    tag=TAG,
    summary="Read what was asked about a datasource",
    says="What was asked, and the answer once there is one. It is kept for about an hour.",
    parameters=(WAIT,),
    answers={
        200: Answer(says="It is over.", shape=DatasourceOperation),
        202: Answer(
            says="It is not over: ask again.", shape=DatasourceOperation, headers=("Location",), example=_ASKED
        ),
    },
    path={"operation_id": 12},
)

"""Loads rows into a table or a file, in a child process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.documents.datasources import stream_of
from jobs.errors import NotFoundError
from jobs.services.datasource_state import Rejected, StreamState, read_state, record_load
from workers.child import run_child
from workers.ingest import spec
from workers.masking import Masker
from workers.payloads.base import JSON, Work, parameters_of
from workers.payloads.datasource.building import source_spec, target_spec
from workers.payloads.datasource.identity import identity_of
from workers.payloads.datasource.parameters import DatasourceParameters
from workers.payloads.datasource.turn import turn_at
from workers.persistence import with_models


class DatasourceExecutor:
    """Checks what the deployment allows, then leaves the work to `workers.ingest.load`; keeps what it tells of the state."""

    def perform(self, work: Work) -> JSON:
        """Load the rows.

        Returns:
            As `workers.ingest.load.run`.

        Raises:
            LookAgain: Another run of the datasource is under way.
            TransientError: As `workers.ingest.load.run` and `workers.child.run_child`; or another run was under way until the
                attempt's time was over (code ``busy``).
            PermanentError: As those; or the parameters ask for what is not allowed.
        """
        parameters = parameters_of(DatasourceParameters, work.parameters)
        source, source_secrets = source_spec(parameters, secret=work.secret)
        target, target_secrets = target_spec(parameters, secret=work.secret)
        with turn_at(stream=_stream(work), work=work):
            state = _state(work) if _has_state(parameters) else None
            wanted = _load_spec(work, parameters, source, target, state)
            secrets = [*source_secrets, *target_secrets]
            work.hide(*secrets)
            result = run_child(module="workers.ingest.load", spec=wanted.to_json(), work=work, secrets=secrets)
            result["_rejected"] = Masker(secrets).data(result.get("_rejected", []))
            return _recorded(work, wanted, state, result)

    def end(self, data: Mapping[str, Any]) -> bool:
        """A turn has ended when its lane is gone: the child has a handle of its own, and the destination a lock."""
        return True


def _has_state(parameters: DatasourceParameters) -> bool:
    """A replace begins at the beginning, however the load before it ended."""
    return parameters.write != "replace" or parameters.rejected.maximum > 0


def _state(work: Work) -> StreamState:
    try:
        return with_models(lambda: read_state(workspace=work.workspace, job_key=work.job_key, stream=_stream(work)))
    except NotFoundError:  # the job was deleted while this run of it was waiting
        return StreamState(generation=1, cursor=None, load_key="")


def _load_spec(
    work: Work, parameters: DatasourceParameters, source: spec.Source, target: spec.Target, state: StreamState | None
) -> spec.LoadSpec:
    cursor = parameters.cursor
    reached = state.cursor if state and state.destination == identity_of(target) else None
    return spec.LoadSpec(
        source=source,
        target=target,
        write=parameters.write,
        load_key=_load_key(work) if parameters.write != "replace" else "",
        key=parameters.key,
        cursor=spec.Cursor(cursor.column, cursor.lag_distance, cursor.initial or "", reached) if cursor else None,
        contract=parameters.contract,
        most_rejected=parameters.rejected.maximum,
        keep_rejected=parameters.rejected.keep,
        job=f"{work.workspace}/{work.job_key}",
        stream=_stream(work),
        generation=state.generation if state else 1,
        memory_limit_mb=parameters.memory_limit_mb,
    )


def _recorded(work: Work, wanted: spec.LoadSpec, state: StreamState | None, result: dict[str, JSON]) -> JSON:
    """Keep what the load tells of its state and of the rows that it left out; the rest is the payload's result."""
    cursor, rejected = result.pop("_cursor", None), result.pop("_rejected", [])
    if state is not None:
        recorded = with_models(
            lambda: record_load(
                workspace=work.workspace,
                job_key=work.job_key,
                stream=wanted.stream,
                generation=state.generation,
                cursor=cursor,
                load_key=wanted.load_key,
                destination=identity_of(wanted.target),
                run_id=work.run_id,
                position=work.position,
                rejected=[Rejected(**row) for row in rejected],
            )
        )
        if not recorded:
            work.log(
                "warning", "the state was reset while this load was under way: the next one begins at the beginning"
            )
    return result


def _load_key(work: Work) -> str:
    """The same for all attempts, and never again."""
    return f"{work.workspace}/{work.job_key}/{work.idempotency_key}"


def _stream(work: Work) -> str:
    return stream_of(name=work.name, position=work.position)


EXECUTOR = DatasourceExecutor()

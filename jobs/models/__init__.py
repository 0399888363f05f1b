"""What is stored: tenants, jobs, their runs, and what happened in them."""

from jobs.models.attempt import Attempt
from jobs.models.audit_entry import AuditEntry
from jobs.models.bulk_action import BulkAction
from jobs.models.cleanup import Cleanup
from jobs.models.concurrency_group import ConcurrencyGroup, Rate
from jobs.models.datasource_operation import DatasourceOperation, Verb
from jobs.models.datasource_state import DatasourceState
from jobs.models.event import Event
from jobs.models.follow_up import FollowUp
from jobs.models.handle import Handle
from jobs.models.job import Job
from jobs.models.kept_answer import KeptAnswer
from jobs.models.lane import Lane
from jobs.models.log_line import LogLine
from jobs.models.occurrence import Occurrence
from jobs.models.operation import ENDS_ONCE, KEEP_OPERATIONS, Operation
from jobs.models.origin import Origin
from jobs.models.payload import Payload
from jobs.models.pin import Pin
from jobs.models.rejected_row import RejectedRow
from jobs.models.requeued import Requeued
from jobs.models.run import Run
from jobs.models.run_totals import RollCursor, RunTotals, Span
from jobs.models.secret import Secret
from jobs.models.service_account import ServiceAccount
from jobs.models.stored_file import StoredFile
from jobs.models.stored_result import StoredResult
from jobs.models.token import ApiToken, Scope
from jobs.models.trial_call import TrialCall
from jobs.models.worker_process import WorkerProcess
from jobs.models.workspace import Membership, Role, Workspace

__all__ = [
    "ENDS_ONCE",
    "KEEP_OPERATIONS",
    "ApiToken",
    "Attempt",
    "AuditEntry",
    "BulkAction",
    "Cleanup",
    "ConcurrencyGroup",
    "DatasourceOperation",
    "DatasourceState",
    "Event",
    "FollowUp",
    "Handle",
    "Job",
    "KeptAnswer",
    "Lane",
    "LogLine",
    "Membership",
    "Occurrence",
    "Operation",
    "Origin",
    "Payload",
    "Pin",
    "Rate",
    "RejectedRow",
    "Requeued",
    "Role",
    "RollCursor",
    "Run",
    "RunTotals",
    "Scope",
    "Secret",
    "ServiceAccount",
    "Span",
    "StoredFile",
    "StoredResult",
    "TrialCall",
    "Verb",
    "WorkerProcess",
    "Workspace",
]

"""What the OpenAPI document says before its operations."""

INTRODUCTION = """\
Runs jobs, on schedules and on request, and delivers what they come to.

**Who is calling.** Send `Authorization: Bearer TOKEN`, or the session of somebody who is logged in. What lies in a workspace
that the caller is no member of does not exist for them: 404. Each operation names the least role that it takes (`x-role`):
viewer, operator, editor or owner; and the scope that a token needs beside (`x-scope`), for which `admin` stands as well.

**Bodies** are JSON in UTF-8, at most 64 MiB. A field that is not known is refused rather than ignored, and so is a parameter of
the query. Addresses end with a slash. Times are UTC.

**Pages.** A list is `{"results": [...], "next": "https://..."}`: follow `next` until it is null. There is no total.

**Less and more.** With `fields` an answer has what that names alone, with `include` also what it leaves out otherwise, and with
`shape` it is as another system has it.

**Two writers** do not overwrite each other if they say what they saw: `If-Match` with the `ETag` of a GET (otherwise 412), or
`version` in the body (otherwise 409).

**Reading again.** Each answer in JSON to a GET has an `ETag`: with it in `If-None-Match` the answer is 304 as long as nothing has
changed.

**Asking twice.** A POST with an `Idempotency-Key` does its work once, however often it is sent: it is answered as it was the first
time, with `Idempotent-Replayed`. 409 while that is under way, 422 when the key was used for something else.

**What goes on in the background** is answered with 202, and with the address to look at in `Location`.

**How often.** Where a rate is set, each answer says in `RateLimit` what is left of it; beyond it the answer is 429, and says in
`Retry-After` when to go on.

**Problems** are `application/problem+json` (RFC 9457). `type` is a stable word for
what is wrong, `errors` names each field that is, and says what would be right.
"""

TAGS = [
    {"name": "Jobs", "description": "What to run: named templates of work, `type:name`."},
    {"name": "Runs", "description": "Executions of jobs, with their payloads, logs, events, files and results."},
    {"name": "Schedules", "description": "When jobs run, what was decided of each fire time, and why."},
    {"name": "Backfills", "description": "Fire times of the past that are run later."},
    {"name": "Datasources", "description": "Checking, previewing, emptying and resetting what datasource jobs load."},
    {"name": "Sinks", "description": "Where results go."},
    {"name": "Deliveries", "description": "Single hand-overs of results to sinks."},
    {"name": "Notices", "description": "Who is told what happens to jobs."},
    {"name": "Concurrency groups", "description": "Limits that jobs share."},
    {"name": "Live", "description": "What happens, as it happens: streams and long polls."},
    {"name": "Metrics", "description": "How jobs and runs are doing."},
    {
        "name": "Workers",
        "description": "The processes that do the work, what they hold, and having one take nothing new.",
    },
    {"name": "Spark", "description": "The jobs whose keys begin with `spark:`."},
    {"name": "Tasks", "description": "The jobs whose keys begin with `task:`."},
    {"name": "Datasets", "description": "What generate payloads make up."},
    {"name": "Other systems", "description": "Addresses and shapes that clients of other systems know."},
    {"name": "Jobs as code", "description": "What is kept in files, and releasing it."},
    {"name": "Workspaces", "description": "Whose all of this is."},
    {"name": "Members", "description": "The people in a workspace, and their roles."},
    {"name": "Service accounts", "description": "Users for programs, which belong to one workspace."},
    {"name": "Tokens", "description": "What programs get in with: one's own, and those for one workspace."},
    {"name": "Secrets", "description": "What payloads and sinks need and nobody is shown."},
    {"name": "Audit", "description": "Who changed what when."},
    {"name": "This document", "description": "This API, for programs."},
]
"""The nouns in the order in which they are listed."""

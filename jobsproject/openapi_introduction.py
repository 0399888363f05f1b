"""What the OpenAPI document says before its operations."""

INTRODUCTION = """\
Runs jobs, on schedules and on request, and delivers what they come to.

**Who is calling.** Send `Authorization: Bearer TOKEN`, or the session of somebody who is logged in. What lies in a workspace
that the caller is no member of does not exist for them: 404. Each operation names the least role that it takes: viewer,
operator, editor or owner.

**Bodies** are JSON in UTF-8, at most 64 MiB. A field that is not known is refused rather than ignored, and so is a parameter of
the query. Addresses end with a slash. Times are UTC.

**Pages.** A list is `{"results": [...], "next": "https://..."}`: follow `next` until it is null. There is no total.

**Two writers** do not overwrite each other if they say what they saw: `If-Match` with the `ETag` of a GET (otherwise 412), or
`version` in the body (otherwise 409).

**What goes on in the background** is answered with 202, and with the address to look at in `Location`.

**Problems** are `application/problem+json` (RFC 9457). `errors` names each field that is wrong, and says what would be right.
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
    {"name": "Other systems", "description": "Addresses and shapes that clients of other systems know."},
    {"name": "This document", "description": "This API, for programs."},
]
"""The nouns in the order in which they are listed."""

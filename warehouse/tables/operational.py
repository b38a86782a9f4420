"""Tables about the runs themselves."""

from __future__ import annotations

from sqlalchemy import Index

from warehouse.tables.base import count, day, flag, key, long_text, make, moment, ratio, text

sync_runs = make(
    "sync_runs",
    "One row per stream of a source in one sync.",
    key("sync_run_id", "<run_id>:<source>:<stream>"),
    text("run_id", "The run", required=True),
    text("source_id", "Name of the source in the config", required=True),
    text("stream", "What was pulled, e.g. issues; `(source)` for the source as a whole", required=True),
    moment("started_at", "Start", required=True),
    moment("finished_at", "End; NULL while it runs or if it was killed"),
    text("outcome", "running, done, failed or interrupted", required=True),
    count("requests", "HTTP requests", required=True),
    count("retries", "Requests that were sent again", required=True),
    count("rows_read", "Records that the tracker's answers gave", required=True),
    count("rows_written", "Rows inserted, updated or found equal", required=True),
    count("expected", "Things (issues, revisions, ids) that the tracker's own count promised; NULL: it tells none"),
    count("received", "Things of that kind that came"),
    long_text("error", "Why it failed, in one line"),
)

job_runs = make(
    "job_runs",
    "One row per run of the nightly job, or of a step of it by the schedule.",
    key("job_run_id", "The run; sync_runs and log lines name it too"),
    text("step", "run, sync, compute or export", required=True),
    moment("due_at", "When the schedule had it due; NULL for a run that no schedule began"),
    text("holder", "Host and process id that did it", required=True),
    moment("started_at", "Start", required=True),
    moment("finished_at", "End; NULL while it runs or if it was killed"),
    text("outcome", "running, done, failed or interrupted", required=True),
    long_text("error", "Why it failed, in one line"),
    long_text("summary", "JSON of what changed: issues, sprints, numbers, alerts; NULL if it did not get that far"),
)

notices = make(
    "notices",
    "One row per cause that people are to be told of, while it lasts and for some time after.",
    key("notice_id", "The cause, e.g. failure:source:acme or alert:<rule>:<what it is about>"),
    text("kind", "failure or alerts, as in notify.on", required=True),
    long_text("content", "What is to be told"),
    moment("first_at", "Start of the run that met it first", required=True),
    moment("told_at", "When it was last told; NULL if it could not be told yet"),
    moment("recovered_at", "Start of the run that found it over; NULL while it lasts"),
    moment("recovery_told_at", "When it was told that it is over; NULL if that is still to be done"),
    long_text("problem", "Why the last message about it did not reach everybody"),
)

bookmarks = make(
    "bookmarks",
    "One row per stream of a source: where the next sync goes on.",
    key("bookmark_id", "<source>:<stream>"),
    text("source_id", "Name of the source in the config", required=True),
    text("stream", "What is pulled", required=True),
    long_text("content", "Opaque: only the connector reads it"),
    moment("saved_at", "When it was committed", required=True),
)

leases = make(
    "leases",
    "One row per job that only one process may do at a time.",
    key("lease_name", "The job, e.g. run"),
    text("holder", "Host, process id and run that hold it", required=True),
    moment("acquired_at", "Since when", required=True),
    moment("expires_at", "Free for others after this, unless renewed", required=True),
)

data_quality = make(
    "data_quality",
    "One row per thing that does not add up, and what to do about it.",
    key("data_quality_id", "<check_name>:<entity_id>, with what tells several findings of one entity apart"),
    text("check_name", "The check, e.g. count_differs", required=True),
    text("severity", "info, warning or error", required=True),
    text("source_id", "sources.source_id", required=True),
    text("entity", "Kind of thing: source, project, issue, sprint, status, …", required=True),
    text("entity_id", "Its id in the table of its kind", required=True),
    long_text("evidence", "What was found, with the numbers"),
    long_text("advice", "What to do"),
    moment("found_at", "Start of the run that found it; compute keeps the first", required=True),
)

alerts = make(
    "alerts",
    "One row per stretch of time in which an alert rule held for one subject; rows stay when it is over.",
    key("alert_id", "<cause>:<how many times it has opened by then>"),
    text("cause", "<rule>:<what it is about>: the same as long as the cause is", required=True),
    text("rule", "Name of the rule, of flowmart's own or of [[alerts]]", required=True),
    text("severity", "low, medium or high", required=True),
    text("subject", "What it is about: issue, sprint, board, project, period or source", required=True),
    text("subject_name", "Its name: key of the issue, name of the sprint or board, …", required=True),
    text("issue_id", "issues.issue_id of the subject, if it is an issue"),
    text("sprint_id", "sprints.sprint_id of the sprint it is about, or of the last of several"),
    text("board_id", "boards.board_id of the subject, or the board that the subject belongs to"),
    text("project_id", "projects.project_id of the subject, or the project that the subject belongs to"),
    text("source_id", "sources.source_id of the subject, if it is a source"),
    text("period", "week, month or day, where the figure is one of a period"),
    day("period_start", "First day of the last period that was looked at"),
    long_text("message", "What was found, in one sentence, as of last_seen_at"),
    text("explain", "Command that takes the figure apart"),
    text("url", "Address of the issue in the tracker"),
    ratio(
        "value", "The figure as of last_seen_at, in the unit of the column that the rule watches; NULL: there is none"
    ),
    ratio("threshold", "The limit that it was held against then"),
    count("n", "How many things stand behind the figure, where that is known"),
    moment("opened_at", "Start of the run that found it first", required=True),
    day("opened_on", "Local day of opened_at", required=True),
    moment("last_seen_at", "Start of the last run that found it", required=True),
    moment("closed_at", "Start of the run that no longer found it; NULL while it lasts"),
    text("closed_because", "over: the rule holds no more; rule_gone: the rule was switched off; NULL while it lasts"),
    text("run_id", "The run that opened it", required=True),
    Index(None, "cause"),
)

stale_issues = make(
    "stale_issues",
    "One row per issue whose computed rows are to be renewed: something of it changed since the last compute.",
    key("issue_id", "issues.issue_id"),
)

compute_inputs = make(
    "compute_inputs",
    "One row per thing beside issues that the computed rows of many stand on, as of the last compute.",
    key("input_id", "Kind and id of the thing, e.g. sprint:acme:37"),
    text("fingerprint", "Hash of what mattered of it", required=True),
)

privacy = make(
    "privacy",
    "One row per warehouse: how people and texts are stored in it.",
    key("privacy_id", "Always `warehouse`"),
    text("users", "names, pseudonyms or none, as privacy.users said when it was filled", required=True),
    text("key_check", "Hash by which the key of the pseudonyms is known again; NULL without pseudonyms"),
    flag("is_text_stored", "Descriptions and comments were stored", required=True),
    text("salt", "Random, made with the warehouse: goes into the hashes of erased_users", required=True),
)

erased_users = make(
    "erased_users",
    "One row per id of a person who was erased and is not stored again.",
    key("erased_user_id", "Salted hash of the id: it tells whether an id is theirs, and not what it was"),
    text("source_id", "Name of the source in the config", required=True),
    moment("erased_at", "When", required=True),
)

data_dictionary = make(
    "data_dictionary",
    "One row per table and one per column: what it holds. The same as docs/data-dictionary.md.",
    key("data_dictionary_id", "<table> or <table>.<column>"),
    text("table_name", "Table", required=True),
    text("column_name", "Column; NULL for the table itself"),
    count("place", "Order: the tables by kind, each followed by its columns", required=True),
    text(
        "kind",
        "loaded, computed or operational; computed too for columns of loaded tables that compute fills",
        required=True,
    ),
    text(
        "data_type", "text, JSON, instant, day, flag, whole number, decimal number, points or seconds; NULL for tables"
    ),
    long_text("description", "What the column holds; of a table: what each of its rows stands for"),
)

OPERATIONAL = (
    sync_runs,
    job_runs,
    notices,
    bookmarks,
    leases,
    data_quality,
    alerts,
    stale_issues,
    compute_inputs,
    privacy,
    erased_users,
    data_dictionary,
)
"""All of them."""

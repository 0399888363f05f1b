"""One entry for each deed, with the way it came by; an audit that cannot be emptied; and indexes for its filters and for the
list of bulk actions, built while the system works. Each part may be run again, for a migration that is not one transaction may end in the middle."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# An audit says what people and tokens did. Left out are what follows from that (a run that was paused is paused at last), what a
# schedule or another job's end started, in whosever name, and what has a before and an after: jobs/services/audit.py writes it.
# The way and the token are told by jobs/acting.py, for the present transaction.
COPY_EVENTS = r"""
CREATE OR REPLACE FUNCTION jobs_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jobs_audit_entry (workspace_id, at, actor, via, token, action, target, run_id, data)
    SELECT NEW.workspace_id, NEW.at, NEW.actor,
        left(COALESCE(current_setting('jobs.acting_via', true), ''), 60), left(COALESCE(current_setting('jobs.acting_token', true), ''), 100),
        NEW.kind,
        left(CASE
            WHEN NEW.run_id IS NOT NULL THEN 'run ' || NEW.run_id
            WHEN NEW.kind LIKE 'schedule.%' THEN 'schedule ' || COALESCE(NEW.data ->> 'name', '')
            WHEN NEW.kind LIKE 'service\_account.%' THEN 'service_account ' || COALESCE(NEW.data ->> 'service_account', '')
            WHEN NEW.job_id IS NOT NULL THEN COALESCE(
                'job ' || (NEW.data ->> 'key'), (SELECT 'job ' || j.type || ':' || j.name FROM jobs_job AS j WHERE j.id = NEW.job_id), '')
            ELSE '' END, 300),
        NEW.run_id, NEW.data;
    RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS event_to_audit ON jobs_event;
CREATE TRIGGER event_to_audit AFTER INSERT ON jobs_event FOR EACH ROW
    WHEN (
        NEW.actor <> '' AND NEW.actor NOT LIKE 'payload %'
        AND NEW.kind !~ '^(job\.(created|updated|deleted)|(group|sink|rule|member|token|secret|workspace)\.|run\.(paused|resumed|succeeded|failed|cancelled)$)'
        AND NOT (NEW.kind = 'run.created' AND NEW.data ->> 'trigger' IN ('schedule', 'job'))
    )
    EXECUTE FUNCTION jobs_audit_event();
"""

# 30 days: see jobsproject/settings.py. Whoever deletes, by this function or past it, the age is asked for and an entry tells of it.
APPEND_ONLY = """
CREATE OR REPLACE FUNCTION jobs_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('jobs.erasing_audit', true) = 'on' THEN
        IF OLD.at < clock_timestamp() - interval '30 days' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'the audit keeps entries for 30 days at least: DELETE of entry % refused', OLD.id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RAISE EXCEPTION 'the audit is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

DROP TRIGGER IF EXISTS audit_entry_not_emptied ON jobs_audit_entry;
CREATE TRIGGER audit_entry_not_emptied BEFORE TRUNCATE ON jobs_audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION jobs_audit_is_append_only();

CREATE OR REPLACE FUNCTION jobs_audit_tell_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jobs_audit_entry (workspace_id, at, actor, via, action, target, data)
    SELECT workspace_id, clock_timestamp(), 'log cleanup', 'database account ' || left(session_user, 40), 'audit.erased', 'audit',
        jsonb_build_object('entries', count(*), 'first', min(id), 'last', max(id), 'oldest', min(at), 'newest', max(at))
    FROM gone GROUP BY workspace_id;
    RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS audit_entry_erased ON jobs_audit_entry;
CREATE TRIGGER audit_entry_erased AFTER DELETE ON jobs_audit_entry REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION jobs_audit_tell_erased();

CREATE OR REPLACE FUNCTION jobs_erase_audit(ids bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    erased bigint;
BEGIN
    PERFORM set_config('jobs.erasing_audit', 'on', true);
    DELETE FROM jobs_audit_entry WHERE id = ANY (ids);
    GET DIAGNOSTICS erased = ROW_COUNT;
    PERFORM set_config('jobs.erasing_audit', 'off', true);
    RETURN erased;
END $$;
REVOKE ALL ON FUNCTION jobs_erase_audit(bigint[]) FROM PUBLIC;
"""


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('jobs', '0022_while_the_system_works'),
    ]

    operations = [
        migrations.RunSQL(COPY_EVENTS, migrations.RunSQL.noop),
        migrations.RunSQL(
            APPEND_ONLY,
            'DROP TRIGGER audit_entry_not_emptied ON jobs_audit_entry; DROP TRIGGER audit_entry_erased ON jobs_audit_entry;'
            ' DROP FUNCTION jobs_audit_tell_erased',
        ),
        AddIndexConcurrently(
            model_name='auditentry',
            index=models.Index(fields=['workspace', '-at', '-id'], name='audit_by_time'),
        ),
        AddIndexConcurrently(
            model_name='auditentry',
            index=models.Index(fields=['workspace', 'actor', '-at', '-id'], name='audit_by_actor'),
        ),
        AddIndexConcurrently(
            model_name='auditentry',
            index=models.Index(fields=['workspace', 'action', '-at', '-id'], name='audit_by_action'),
        ),
        AddIndexConcurrently(
            model_name='auditentry',
            index=models.Index(fields=['workspace', 'target', '-at', '-id'], name='audit_by_target'),
        ),
        AddIndexConcurrently(
            model_name='bulkaction',
            index=models.Index(fields=['workspace', '-id'], name='bulk_action_by_workspace'),
        ),
    ]

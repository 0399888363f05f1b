import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

# The audit is append-only. What a deployment keeps no longer goes through jobs_erase_audit, and nothing else deletes.
APPEND_ONLY = """
CREATE FUNCTION jobs_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('jobs.erasing_audit', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON jobs_audit_entry
    FOR EACH ROW EXECUTE FUNCTION jobs_audit_is_append_only();

CREATE FUNCTION jobs_erase_audit(ids bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    erased bigint;
BEGIN
    PERFORM set_config('jobs.erasing_audit', 'on', true);
    DELETE FROM jobs_audit_entry WHERE id = ANY (ids);
    GET DIAGNOSTICS erased = ROW_COUNT;
    PERFORM set_config('jobs.erasing_audit', 'off', true);
    RETURN erased;
END $$;
"""

# What people do is in the event log already, with their names: it is copied in the same transaction. What has a before and an
# after is left out, for jobs/services/audit.py writes it.
COPY_EVENTS = r"""
CREATE FUNCTION jobs_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jobs_audit_entry (workspace_id, at, actor, action, target, run_id, data)
    SELECT NEW.workspace_id, NEW.at, NEW.actor, NEW.kind,
        left(CASE
            WHEN NEW.run_id IS NOT NULL THEN 'run ' || NEW.run_id
            WHEN NEW.kind LIKE 'schedule.%' THEN 'schedule ' || COALESCE(NEW.data ->> 'name', '')
            WHEN NEW.job_id IS NOT NULL THEN COALESCE(
                'job ' || (NEW.data ->> 'key'), (SELECT 'job ' || j.type || ':' || j.name FROM jobs_job AS j WHERE j.id = NEW.job_id), '')
            ELSE '' END, 300),
        NEW.run_id, NEW.data;
    RETURN NULL;
END $$;

CREATE TRIGGER event_to_audit AFTER INSERT ON jobs_event FOR EACH ROW
    WHEN (NEW.actor <> '' AND NEW.actor NOT LIKE 'payload %' AND NEW.kind !~ '^(job\.(created|updated|deleted)|group\.|sink\.|rule\.)')
    EXECUTE FUNCTION jobs_audit_event();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0017_versions_and_bulk'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('actor', models.CharField(max_length=200)),
                ('via', models.CharField(blank=True, db_default='', default='', max_length=60)),
                ('token', models.CharField(blank=True, db_default='', default='', max_length=100)),
                ('action', models.CharField(help_text='Such as job.updated, run.cancelling, secret.set, member.removed.', max_length=40)),
                ('target', models.CharField(blank=True, db_default='', default='', max_length=300)),
                ('run_id', models.BigIntegerField(null=True)),
                ('before', models.JSONField(help_text='What was different before; null where there was nothing.', null=True)),
                ('after', models.JSONField(null=True)),
                ('data', models.JSONField(help_text='What the event log says of it.', null=True)),
                ('workspace', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='jobs.workspace')),
            ],
            options={
                'db_table': 'jobs_audit_entry',
                'verbose_name_plural': 'audit entries',
                'indexes': [models.Index(fields=['workspace', '-id'], name='audit_by_workspace'), models.Index(condition=models.Q(('workspace__isnull', True)), fields=['-id'], name='audit_of_none')],
            },
        ),
        migrations.RunSQL(
            APPEND_ONLY,
            'DROP TRIGGER audit_entry_append_only ON jobs_audit_entry; DROP FUNCTION jobs_audit_is_append_only; DROP FUNCTION jobs_erase_audit',
        ),
        migrations.RunSQL(COPY_EVENTS, 'DROP TRIGGER event_to_audit ON jobs_event; DROP FUNCTION jobs_audit_event'),
    ]

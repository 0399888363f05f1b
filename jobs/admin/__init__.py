"""The admin: Django's own, narrowed to what a person's roles allow."""

from django.contrib import admin

from jobs.admin import audit, bulk, groups, jobs, runs, secrets, service_accounts, tokens, workspaces

__all__ = ["audit", "bulk", "groups", "jobs", "runs", "secrets", "service_accounts", "tokens", "workspaces"]

admin.site.site_header = admin.site.site_title = "Jobs"
admin.site.index_title = "Overview"

"""The addresses of workspaces, members, tokens and the audit: below a workspace, and below ``/ui/`` itself."""

from django.urls import URLPattern, URLResolver, include, path

from ui.people import account_pages, audit_pages, member_pages, token_making, token_pages, workspace_pages

_members: list[URLPattern | URLResolver] = [
    path("", member_pages.MemberList.as_view(), name="members"),
    path("add/", member_pages.AddMember.as_view(), name="member-add"),
    path("people/<username:username>/role/", member_pages.ChangeMember.as_view(), name="member-role"),
    path("people/<username:username>/remove/", member_pages.RemoveMember.as_view(), name="member-remove"),
    path("service-accounts/", account_pages.ServiceAccountList.as_view(), name="service-accounts"),
    path("service-accounts/new/", account_pages.NewServiceAccount.as_view(), name="service-account-new"),
    path(
        "service-accounts/<service_account:name>/change/",
        account_pages.ChangeServiceAccount.as_view(),
        name="service-account-change",
    ),
    path(
        "service-accounts/<service_account:name>/delete/",
        account_pages.DeleteServiceAccount.as_view(),
        name="service-account-delete",
    ),
]
_tokens: list[URLPattern | URLResolver] = [
    path("", token_pages.OwnTokens.as_view(), name="tokens"),
    path("new/", token_making.NewToken.as_view(), name="token-new"),
    path("<run_id:token_id>/revoke/", token_pages.RevokeOwn.as_view(), name="token-revoke"),
    path("workspace/", token_pages.WorkspaceTokens.as_view(), name="workspace-tokens"),
    path(
        "workspace/<run_id:token_id>/revoke/",
        token_pages.RevokeOfWorkspace.as_view(),
        name="workspace-token-revoke",
    ),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("members/", include(_members)),
    path("tokens/", include(_tokens)),
    path("audit/", audit_pages.AuditList.as_view(), name="audit"),
    path("audit/<run_id:entry_id>/", audit_pages.EntryPage.as_view(), name="audit-entry"),
    path("rename/", workspace_pages.RenameWorkspace.as_view(), name="workspace-rename"),
]
account_urlpatterns: list[URLPattern | URLResolver] = [
    path("workspaces/", workspace_pages.WorkspaceList.as_view(), name="workspaces"),
    path("workspaces/new/", workspace_pages.NewWorkspace.as_view(), name="workspace-new"),
]

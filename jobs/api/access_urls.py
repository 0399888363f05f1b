"""The addresses of workspaces, members, tokens, secrets, service accounts and workers. They stand beside those of jobs."""

from django.urls import URLPattern, URLResolver, include, path

from jobs.api import converters, members, secrets, tokens, workers, workspaces

converters.register()

_workspace: list[URLPattern | URLResolver] = [
    path("", workspaces.WorkspaceDetail.as_view(), name="workspace"),
    path("members/", members.MemberList.as_view(), name="members"),
    path("members/<username:username>/", members.MemberDetail.as_view(), name="member"),
    path("tokens/", tokens.WorkspaceTokens.as_view(), name="workspace-tokens"),
    path("tokens/<run_id:token_id>/", tokens.WorkspaceToken.as_view(), name="workspace-token"),
    path("secrets/", secrets.SecretList.as_view(), name="secrets"),
    path("secrets/<secret:name>/", secrets.SecretDetail.as_view(), name="secret"),
    path("workers/", workers.WorkerList.as_view(), name="workers"),
    path("workers/<run_id:worker_id>/", workers.WorkerDetail.as_view(), name="worker"),
    path("service-accounts/", members.ServiceAccountList.as_view(), name="service-accounts"),
    path("service-accounts/<service_account:name>/", members.ServiceAccountDetail.as_view(), name="service-account"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("workspaces/", workspaces.WorkspaceList.as_view(), name="workspaces"),
    path("workspaces/<workspace:workspace>/", include(_workspace)),
    path("tokens/", tokens.OwnTokens.as_view(), name="tokens"),
    path("tokens/<run_id:token_id>/", tokens.OwnToken.as_view(), name="token"),
    path("workers/<run_id:worker_id>/drain/", workers.WorkerDrain.as_view(), name="drain-worker"),
    path("workers/<run_id:worker_id>/resume/", workers.WorkerResume.as_view(), name="resume-worker"),
]

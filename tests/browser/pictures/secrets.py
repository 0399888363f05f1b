"""The pages of secrets."""

from __future__ import annotations

from jobs.models import Workspace
from jobs.services.secrets import set_secret
from tests.browser.pictures import Picture
from tests.integration.delivery_rows import make_sink
from tests.integration.people import make_job


def _secrets(workspace: Workspace) -> None:
    for name in ("partner-b-key", "warehouse", "smtp-password", "not-used-any-more"):
        set_secret(workspace=workspace, name=name, value="not shown", actor="ada")
    make_sink(workspace, "warehouse", kind="sql", configuration={"url_secret": "warehouse", "table": "results"})
    parameters = {"url": "https://partner-b.example/", "auth": {"bearer": {"secret": "partner-b-key"}}}
    for name in ("check-partners", "report", "rollup", "month-end", "year-end", "audit"):
        make_job(workspace, f"task:{name}", payload=[{"kind": "http", "parameters": parameters}])


PICTURES = [
    Picture("secrets", "secrets/", prepare=_secrets),
    Picture("secrets-empty", "secrets/"),
    Picture(
        "secret-new",
        "secrets/",
        prepare=_secrets,
        act=lambda page: page.get_by_role("link", name="New secret").click(),
    ),
]

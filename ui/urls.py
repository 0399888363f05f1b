"""All addresses below ``/ui/``.

Each area has its own in ``ui/<area>/urls.py``: ``urlpatterns``, found below ``/ui/w/<workspace>/``, and
``account_urlpatterns``, found below ``/ui/``. What is at ``/ui/w/acme/jobs/`` is also led to by ``/ui/jobs/``, from whatever
workspace was looked at last.
"""

from importlib import import_module
from itertools import chain

from django.urls import URLPattern, URLResolver, include, path, re_path

from jobs.api import converters
from ui.frame import urls as frame
from ui.frame.views import Short

converters.register()

AREAS = (
    "dashboard",
    "jobs_manager",
    "scheduling",
    "runs",
    "deliveries",
    "secrets",
    "notices",
    "fleet",
    "people",
)
_MODULES = [import_module(f"ui.{area}.urls") for area in AREAS]

_workspace: list[URLPattern | URLResolver] = list(chain.from_iterable(module.urlpatterns for module in _MODULES))

app_name = "ui"
urlpatterns: list[URLPattern | URLResolver] = [
    *frame.urlpatterns,
    *chain.from_iterable(module.account_urlpatterns for module in _MODULES),
    path("w/<workspace:workspace>/", include(_workspace)),
    re_path(r"^(?P<rest>(?!w/).+/)$", Short.as_view(), name="short"),
]

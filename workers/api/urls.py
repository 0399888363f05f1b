"""The addresses of datasets. They stand beside those of jobs, under the same root."""

from django.urls import URLPattern, URLResolver, include, path

from jobs.api import converters
from workers.api import datasets

converters.register()

_workspace: list[URLPattern | URLResolver] = [
    path("datasets/", datasets.DatasetList.as_view(), name="datasets"),
    path("datasets/infer/", datasets.Inference.as_view(), name="infer-dataset"),
    path(
        "datasets/<job_key:key>/<position:position>/<position:place>/",
        datasets.DatasetDetail.as_view(),
        name="dataset",
    ),
]

urlpatterns: list[URLPattern | URLResolver] = [path("workspaces/<workspace:workspace>/", include(_workspace))]

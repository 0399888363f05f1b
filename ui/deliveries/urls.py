"""The addresses of sinks, and what is delivered to them: below a workspace, and below ``/ui/`` itself."""

from django.urls import URLPattern, path

from sinks.api import converters
from ui.deliveries import delivery_pages, sink_editing, sink_list, sink_page, sink_verbs

converters.register()

urlpatterns: list[URLPattern] = [
    path("sinks/", sink_list.SinkList.as_view(), name="sinks"),
    path("add-sink/", sink_editing.Choose.as_view(), name="sink-new"),
    path("add-sink/<slug:kind>/", sink_editing.New.as_view(), name="sink-new-kind"),
    path("add-sink/<slug:kind>/test/", sink_editing.TestTyped.as_view(), name="sink-test-typed"),
    path("sinks/<sink:name>/", sink_page.SinkPage.as_view(), name="sink"),
    path("sinks/<sink:name>/edit/", sink_editing.Edit.as_view(), name="sink-edit"),
    path("sinks/<sink:name>/test/", sink_page.Test.as_view(), name="sink-test"),
    path("sinks/<sink:name>/enable/", sink_verbs.Enable.as_view(), name="sink-enable"),
    path("sinks/<sink:name>/redeliver/", sink_verbs.Redeliver.as_view(), name="sink-redeliver"),
    path("sinks/<sink:name>/delete/", sink_verbs.Delete.as_view(), name="sink-delete"),
    path("sinks/<sink:name>/release/", sink_verbs.Release.as_view(), name="sink-release"),
    path("jobs/<job_key:key>/sinks/<sink:name>/", sink_page.SinkPage.as_view(), name="job-sink"),
    path("jobs/<job_key:key>/sinks/<sink:name>/test/", sink_page.Test.as_view(), name="job-sink-test"),
    path("jobs/<job_key:key>/sinks/<sink:name>/enable/", sink_verbs.Enable.as_view(), name="job-sink-enable"),
    path("jobs/<job_key:key>/sinks/<sink:name>/redeliver/", sink_verbs.Redeliver.as_view(), name="job-sink-redeliver"),
    path("deliveries/", delivery_pages.DeliveryList.as_view(), name="deliveries"),
    path("deliveries/redeliver/", delivery_pages.RedeliverTicked.as_view(), name="deliveries-again"),
    path(
        "deliveries/of-run/<run_id:run_id>/again/", delivery_pages.RedeliverOfRun.as_view(), name="run-deliveries-again"
    ),
    path("deliveries/<run_id:delivery_id>/", delivery_pages.DeliveryPage.as_view(), name="delivery"),
    path("deliveries/<run_id:delivery_id>/again/", delivery_pages.RedeliverOne.as_view(), name="delivery-again"),
]
account_urlpatterns: list[URLPattern] = []

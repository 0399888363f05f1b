"""Objects that are kept in files, in the admin: they are read there with the reason, and released by a button."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import messages
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from jobs.admin.asking import NoteForm, ask
from jobs.admin.scope import WorkspaceAdmin, permits
from jobs.errors import NotFoundError
from jobs.models import Origin, Workspace
from jobs.selectors.origins import origin_of
from jobs.services.origins import reason, release

M = TypeVar("M", bound=Model)


class KeptInFiles(WorkspaceAdmin[M]):
    """The base of what may be kept in files. ``kept_as`` is the kind that manifests call it."""

    kept_as: str

    def kept_name(self, obj: M) -> str:
        """Its name in manifests."""
        return str(obj.name)  # type: ignore[attr-defined]

    def find_origin(self, obj: M) -> Origin | None:
        """Where it is kept, None for nowhere: one query."""
        return origin_of(workspace_id=_workspace_id(obj), kind=self.kept_as, name=self.kept_name(obj))

    def origin(self, obj: M) -> Origin | None:
        """The same, asked for once an object."""
        known = vars(obj)
        if "kept_origin" not in known:
            known["kept_origin"] = self.find_origin(obj)
        found: Origin | None = known["kept_origin"]
        return found

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """By the role, and only what is not kept in a file."""
        return super().has_change_permission(request, obj) and (obj is None or self.origin(obj) is None)

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """The same."""
        return super().has_delete_permission(request, obj) and (obj is None or self.origin(obj) is None)

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and the page that releases."""
        view = self.admin_site.admin_view(self.release_view)
        return [path("<int:object_id>/release/", view, name=self._page("release")), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say why it cannot be changed, and how it can."""
        obj = self.get_object(request, object_id) if request.method == "GET" else None
        origin = self.origin(obj) if obj is not None else None
        if origin is not None and obj is not None:
            self.message_user(request, self._told(request, obj, origin), messages.WARNING)
        return super().change_view(request, object_id, form_url, extra_context)

    def release_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask why, then release it."""
        obj = self.get_object(request, str(object_id))
        origin = self.origin(obj) if obj is not None else None
        if obj is None or origin is None or not permits(request, self.write_role, _workspace_id(obj)):
            raise Http404("there is no such object that is kept in a file, or you may not release it")
        page = reverse(f"admin:{self._page('change')}", args=[obj.pk])
        form = NoteForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            self._release(request, obj, origin, form.asked.note)
            return HttpResponseRedirect(page)
        return ask(
            self.admin_site,
            request,
            title=f"Release {origin.name}",
            text=f"It can be edited everywhere then. It stays as it is; the file {origin.path}, applied again, takes it back.",
            form=form,
            button="Release",
            back=[
                (reverse(f"admin:{self._page('changelist')}"), str(self.opts.verbose_name_plural).capitalize()),
                (page, origin.name),
            ],
            app=self.opts.app_label,
        )

    def _release(self, request: HttpRequest, obj: M, origin: Origin, note: str) -> None:
        actor, workspace = str(request.user.get_username()), Workspace.objects.get(pk=_workspace_id(obj))
        try:
            release(workspace=workspace, kind=origin.kind, name=origin.name, actor=actor, note=note)
        except NotFoundError as error:
            self.message_user(request, f"Nothing was changed: {error}.", messages.WARNING)
            return
        self.message_user(request, f"{origin.name} is released.")

    def _told(self, request: HttpRequest, obj: M, origin: Origin) -> str:
        words = reason(origin)
        told = f"{words[:1].upper()}{words[1:]}."
        if not permits(request, self.write_role, _workspace_id(obj)):
            return told
        address = reverse(f"admin:{self._page('release')}", args=[obj.pk])
        return format_html('{} <a href="{}">Release&hellip;</a>', told, address)

    def _page(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"


def _workspace_id(obj: Model) -> int:
    return int(obj.workspace_id)  # type: ignore[attr-defined]

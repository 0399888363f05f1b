"""Workspaces and their members in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from jobs.admin.scope import permits, workspaces
from jobs.admin.typed import TypedAdmin, TypedForm, TypedFormSet, TypedInline
from jobs.errors import NotFoundError, ValidationError
from jobs.models import Membership, Role, Workspace
from jobs.services.workspaces import check_slug, find_user


class MembershipForm(TypedForm[Membership]):
    """A member by name. A list to choose from would tell each owner who else uses the system."""

    username = forms.CharField(max_length=150)

    class Meta:
        model = Membership
        fields = ("role",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["username"].initial = self.instance.user.get_username()

    def clean_username(self) -> User:
        """The user of that name."""
        try:
            user = find_user(username=self.cleaned_data["username"])
        except NotFoundError as error:
            raise forms.ValidationError(str(error)) from error
        self.instance.user = user
        return user


class MembershipFormSet(TypedFormSet[Membership, Workspace]):
    """All members of a workspace."""

    def clean(self) -> None:
        """Refuse somebody who is named twice."""
        super().clean()
        seen: set[User] = set()
        for form in self.forms:
            user = form.cleaned_data.get("username") if form.is_valid() and form not in self.deleted_forms else None
            if user in seen:
                form.add_error("username", f"{user} is named twice")
            if user is not None:
                seen.add(user)


class MembershipInline(TypedInline[Membership, Workspace]):
    """The members, for owners."""

    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    fields = ("username", "role")
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """With their users."""
        return super().get_queryset(request).select_related("user")

    def has_view_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        """For owners."""
        return permits(request, Role.OWNER, obj.pk if obj else None)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


class WorkspaceForm(TypedForm[Workspace]):
    """Slug and name."""

    class Meta:
        model = Workspace
        fields = ("slug", "name")

    def clean_slug(self) -> str:
        """Refuse what addresses cannot hold."""
        slug: str = self.cleaned_data["slug"]
        try:
            check_slug(slug)
        except ValidationError as error:
            raise forms.ValidationError(error.errors[0].message) from error
        return slug


@admin.register(Workspace)
class WorkspacesAdmin(TypedAdmin[Workspace]):
    """Superusers make workspaces; owners name them and choose their members.

    Nobody deletes one here: everything that ever ran in it would go with it, in one statement and without a way back.
    """

    list_display = ("slug", "name", "created_at")
    ordering = ("slug",)
    form = WorkspaceForm
    fields = ("slug", "name")
    inlines = (MembershipInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        """The caller's."""
        return super().get_queryset(request).filter(pk__in=workspaces(request, Role.VIEWER))

    def get_readonly_fields(self, request: HttpRequest, obj: Workspace | None = None) -> tuple[str, ...]:
        """A workspace keeps its slug: addresses hold it."""
        return ("slug",) if obj else ()

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever is a member of one."""
        return permits(request, Role.VIEWER)

    def has_view_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        """Members."""
        return permits(request, Role.VIEWER, obj.pk if obj else None)

    def has_change_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        """Owners."""
        return permits(request, Role.OWNER, obj.pk if obj else None)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Superusers."""
        return bool(getattr(request.user, "is_superuser", False))

    def has_delete_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        """Nobody."""
        return False

"""Workspaces and their members in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from jobs.admin.scope import permits, workspaces
from jobs.admin.typed import TypedAdmin, TypedForm, TypedFormSet, TypedInline
from jobs.errors import ConflictError, NotFoundError, ValidationError
from jobs.models import Membership, Role, Workspace
from jobs.services import members
from jobs.services.workspaces import check_slug, create_workspace, find_user, rename_workspace


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
        """Refuse somebody who is named twice, and to be left without an owner."""
        super().clean()
        seen: set[User] = set()
        for form in self.forms:
            user = form.cleaned_data.get("username") if form.is_valid() and form not in self.deleted_forms else None
            if user in seen:
                form.add_error("username", f"{user} is named twice")
            if user is not None:
                seen.add(user)
        self._refuse_ownerless()

    def _refuse_ownerless(self) -> None:
        """The service refuses it too; here it is told beside the rows."""
        if any(form.errors for form in self.forms):
            return
        kept = [form for form in self.forms if form not in self.deleted_forms]
        had = any(form.initial.get("role") == Role.OWNER for form in self.initial_forms)
        if had and not any(form.cleaned_data.get("role") == Role.OWNER for form in kept):
            raise forms.ValidationError("One of the members must stay an owner.")

    def write(self, workspace: Workspace, *, actor: str) -> None:
        """Write what was typed through the service: first who is to be in, so that an owner can hand over to another.

        Raises ConflictError: others changed the members meanwhile, and no owner would be left.
        """
        kept = [form for form in self.forms if form not in self.deleted_forms and form.has_changed()]
        for form in sorted(kept, key=lambda form: form.cleaned_data["role"] != Role.OWNER):
            user, role = form.cleaned_data["username"], Role(form.cleaned_data["role"])
            members.set_member(workspace=workspace, user=user, role=role, actor=actor)
        replaced = [form for form in kept if form.instance.pk and "username" in form.changed_data]
        for form in [*self.deleted_forms, *replaced]:
            former = User.objects.filter(username=form.fields["username"].initial).first()
            if form.instance.pk and former is not None:
                members.remove_member(workspace=workspace, user=former, actor=actor)


class MembershipInline(TypedInline[Membership, Workspace]):
    """The members, for owners."""

    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    fields = ("username", "role")
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """With their users."""
        return super().get_queryset(request).filter(user__service_account=None).select_related("user")

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

    def save_model(self, request: HttpRequest, obj: Workspace, form: Any, change: bool) -> None:
        """Write through the service that the API writes through."""
        actor = request.user.get_username()
        if change:
            name, present = obj.name, Workspace.objects.get(pk=obj.pk)
            rename_workspace(workspace=present, name=name, actor=actor)
        else:
            obj.pk = create_workspace(slug=obj.slug, name=obj.name, actor=actor, must_be_new=True).pk

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """The members, through theirs."""
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        try:
            with transaction.atomic():
                formset.write(form.instance, actor=request.user.get_username())
        except ConflictError as error:
            self.message_user(request, f"The members were not changed: {error}.", messages.ERROR)

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

"""API tokens in the admin: made, shown once, revoked."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import ForeignKey, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from jobs.admin.scope import workspaces
from jobs.admin.typed import TypedAdmin, TypedForm
from jobs.models import ApiToken, Role, Scope
from jobs.selectors.access import is_member
from jobs.services.tokens import create_token, revoke_token


class TokenForm(TypedForm[ApiToken]):
    """What a token is for, what it opens, and until when it is good."""

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        initial=[Scope.READ],
        widget=forms.CheckboxSelectMultiple,
        help_text="What it opens, of what its user's role allows.",
    )

    class Meta:
        model = ApiToken
        fields = ("user", "name", "workspace", "scopes", "expires_at")

    def clean_expires_at(self) -> dt.datetime | None:
        """Refuse a time that has passed."""
        expires_at: dt.datetime | None = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= dt.datetime.now(dt.UTC):
            raise forms.ValidationError("Expected a time that is still to come.")
        return expires_at

    def clean(self) -> dict[str, Any]:
        """Refuse a workspace that the token's user is not in."""
        workspace, user = self.cleaned_data.get("workspace"), self.cleaned_data.get("user")
        if workspace is not None and user is not None and not is_member(user=user, workspace_id=workspace.pk):
            self.add_error("workspace", f"{user} is not a member of {workspace}.")
        return self.cleaned_data


@admin.register(ApiToken)
class ApiTokenAdmin(TypedAdmin[ApiToken]):
    """Everybody has their own; a superuser sees all, and may make them for others."""

    form = TokenForm
    list_display = ("name", "user", "workspace", "opens", "created_at", "expires_at", "last_used_at")
    list_select_related = ("user", "workspace")
    ordering = ("user__username", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """One's own."""
        found = super().get_queryset(request)
        return found if _user(request).is_superuser else found.filter(user=_user(request))

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> tuple[str, ...]:
        """Whose it is, is asked of a superuser only."""
        whose = ("user",) if _user(request).is_superuser else ()
        return (*whose, "name", "workspace", "scopes", "expires_at")

    @admin.display(description="scopes")
    def opens(self, token: ApiToken) -> str:
        """What it opens."""
        return ", ".join(token.scopes)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Offer the caller's workspaces."""
        if db_field.name == "workspace":
            kwargs["queryset"] = workspaces(request, Role.VIEWER).order_by("slug")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Everybody who may log in here."""
        return True

    def has_view_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """One's own."""
        return obj is None or _user(request).is_superuser or obj.user == request.user

    def has_add_permission(self, request: HttpRequest) -> bool:
        """For oneself."""
        return True

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """A token is replaced by another, never changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Revoke one's own."""
        return self.has_view_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Make the token, and keep it for the answer to this request alone."""
        user = obj.user if obj.user_id else _user(request)
        made, token = create_token(
            user=user,
            name=obj.name,
            expires_at=obj.expires_at,
            now=dt.datetime.now(dt.UTC),
            scopes=form.cleaned_data["scopes"],
            workspace=obj.workspace,
            actor=_user(request).get_username(),
        )
        obj.pk, obj.user = made.pk, user
        request.new_token = token  # type: ignore[attr-defined]

    def delete_model(self, request: HttpRequest, obj: ApiToken) -> None:
        """Revoke it."""
        revoke_token(token=obj, actor=_user(request).get_username())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Revoke them."""
        for token in queryset:
            revoke_token(token=token, actor=_user(request).get_username())

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        """Show the token. Not through a redirect with a message, which would put it into a cookie or a session."""
        token = request.new_token  # type: ignore[attr-defined]
        context = self.admin_site.each_context(request) | {
            "title": "New API token",
            "token": token,
            "made": obj,
            "opts": self.opts,
        }
        return TemplateResponse(
            request, "admin/jobs/apitoken/made.html", context, headers={"Cache-Control": "no-store"}
        )


def _user(request: HttpRequest) -> User:
    """The admin lets in nobody who is not logged in."""
    return cast(User, request.user)

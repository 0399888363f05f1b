"""What others have registered with the admin, in its look: accounts, and the schedules that Celery's own beat would have."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django_celery_beat import admin as beat
from django_celery_beat import models as beat_models
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget


class UserAdmin(PlainUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]  # published without types
    """Accounts."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


class GroupAdmin(PlainGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Groups of accounts, which nothing here asks for."""


class PeriodicTaskForm(beat.PeriodicTaskForm):  # type: ignore[misc]  # published without types
    """Its task may be chosen or typed."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = UnfoldAdminSelectWidget(choices=self.fields["regtask"].choices)


class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, ModelAdmin):  # type: ignore[misc]
    """Tasks of Celery's own beat."""

    form = PeriodicTaskForm


class ClockedScheduleAdmin(beat.ClockedScheduleAdmin, ModelAdmin):  # type: ignore[misc]
    """One instant."""


class CrontabScheduleAdmin(beat.CrontabScheduleAdmin, ModelAdmin):  # type: ignore[misc]
    """Lines of a crontab."""


class PlainAdmin(ModelAdmin):  # type: ignore[misc]
    """For what needs nothing of its own."""


LOOKS: dict[type[Model], type[ModelAdmin]] = {
    User: UserAdmin,
    Group: GroupAdmin,
    beat_models.PeriodicTask: PeriodicTaskAdmin,
    beat_models.ClockedSchedule: ClockedScheduleAdmin,
    beat_models.CrontabSchedule: CrontabScheduleAdmin,
    beat_models.IntervalSchedule: PlainAdmin,
    beat_models.SolarSchedule: PlainAdmin,
}
for _model, _look in LOOKS.items():
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
        admin.site.register(_model, _look)

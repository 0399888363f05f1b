"""Django's admin classes with the type arguments that its stubs know and its classes do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django import forms
from django.contrib import admin
from django.db.models import Model
from unfold import admin as unfold

M = TypeVar("M", bound=Model)
P = TypeVar("P", bound=Model)

if TYPE_CHECKING:

    class TypedAdmin(admin.ModelAdmin[M]): ...

    class TypedInline(admin.TabularInline[M, P]): ...

    class TypedForm(forms.ModelForm[M]): ...

    class TypedFormSet(forms.BaseInlineFormSet[M, P, Any]): ...

else:

    class TypedAdmin(unfold.ModelAdmin, Generic[M]): ...

    class TypedInline(unfold.TabularInline, Generic[M, P]): ...

    class TypedFormSet(forms.BaseInlineFormSet, Generic[M, P]): ...

    class TypedForm(forms.ModelForm):
        def __class_getitem__(cls, model):
            """A form has a metaclass that Generic does not go with."""
            return cls

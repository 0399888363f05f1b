"""Getting in and out, what a browser is to remember, and the short addresses."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views import View

from jobs.errors import NotFoundError
from ui import places, preferences
from ui.pages import AccountPage

YEAR_SECONDS = 365 * 24 * 3600


class Login(LoginView):
    """``/ui/login/``: for everybody with an account, whether or not the administration is for them."""

    template_name = "ui/frame/login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The theme, too, and the way to an identity provider, where there is one."""
        provider = reverse("oidc_authentication_init") if hasattr(settings, "OIDC_RP_CLIENT_ID") else ""
        return super().get_context_data(**kwargs) | {"theme": preferences.theme_of(self.request), "provider": provider}

    def get_default_redirect_url(self) -> str:
        """Where to go when no address was asked for."""
        return reverse("ui:home")


class Logout(LogoutView):
    """``/ui/logout/``"""

    next_page = "ui:login"


class Remembering(View):
    """Keeps a choice in a cookie, and goes back to the page where it was made. Nobody needs to be logged in for it."""

    http_method_names = ["post"]
    cookie: str
    parameter: str

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep it, when it is one of those that there are."""
        back = HttpResponseRedirect(_page_before(request))
        value = request.POST.get(self.parameter, "")
        if self.is_known(value):
            back.set_cookie(
                self.cookie, value, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
            )
        return back

    def is_known(self, value: str) -> bool:
        """Whether there is such a choice."""
        raise NotImplementedError


class Theme(Remembering):
    """``/ui/theme/``"""

    cookie, parameter = preferences.THEME, "theme"

    def is_known(self, value: str) -> bool:
        """One of the themes."""
        return value in preferences.THEMES


class Language(Remembering):
    """``/ui/language/``"""

    cookie, parameter = settings.LANGUAGE_COOKIE_NAME, "language"

    def is_known(self, value: str) -> bool:
        """One of the languages of the settings."""
        return value in dict(settings.LANGUAGES) and check_for_language(value)


class Home(AccountPage):
    """``/ui/``: the dashboard of the workspace that the caller looked at last. Who is in none is told so."""

    template = "ui/frame/no_workspace.html"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Go there."""
        place = places.remembered(request, self.user)
        if place is None:
            return self.page()
        return HttpResponseRedirect(reverse("ui:dashboard", args=[place.workspace.slug]))


class Short(AccountPage):
    """``/ui/jobs/`` and the like: the same page in the workspace that the caller looked at last."""

    def get(self, request: HttpRequest, rest: str) -> HttpResponseBase:
        """Go there, with the query."""
        place = places.remembered(request, self.user)
        if place is None:
            raise NotFoundError("you are in no workspace")
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return HttpResponseRedirect(f"{reverse('ui:dashboard', args=[place.workspace.slug])}{rest}{query}")


def _page_before(request: HttpRequest) -> str:
    referer = request.headers.get("Referer", "")
    own = url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure())
    return referer if own else reverse("ui:home")

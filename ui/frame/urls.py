"""The addresses of the frame itself."""

from django.urls import path

from ui.frame import palette, views

urlpatterns = [
    path("", views.Home.as_view(), name="home"),
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", views.Logout.as_view(), name="logout"),
    path("theme/", views.Theme.as_view(), name="theme"),
    path("language/", views.Language.as_view(), name="language"),
    path("palette/", palette.Palette.as_view(), name="palette"),
]

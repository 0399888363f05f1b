"""What django-unfold, the look of the admin, is told."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Jobs",
    "SITE_HEADER": "Jobs",
    "SITE_SUBHEADER": "Administration",
    "SITE_URL": "/ui/",
    "SITE_ICON": lambda request: static("jobs/favicon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("jobs/favicon.svg")}],
    "SHOW_BACK_BUTTON": False,
    "STYLES": [lambda request: static("ui/admin.css")],
    "SCRIPTS": [lambda request: static("ui/admin.js")],
    "SIDEBAR": {"show_search": True, "navigation": "jobsproject.admin_navigation.navigation"},
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 260)",
            "100": "oklch(93.2% .032 260)",
            "200": "oklch(88.2% .059 260)",
            "300": "oklch(80.9% .105 260)",
            "400": "oklch(70.7% .165 260)",
            "500": "oklch(62.3% .2 260)",
            "600": "oklch(52% .2 260)",
            "700": "oklch(46% .19 260)",
            "800": "oklch(42.4% .17 260)",
            "900": "oklch(37.9% .14 260)",
            "950": "oklch(28.2% .09 260)",
        }
    },
}
"""The colours are those of our own pages: ``--accent`` in ``ui/static/ui/frame.css``."""

"""What the settings of mozilla-django-oidc are, by what a provider says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured

_ENDPOINTS = {
    "OIDC_OP_AUTHORIZATION_ENDPOINT": "authorization_endpoint",
    "OIDC_OP_TOKEN_ENDPOINT": "token_endpoint",
    "OIDC_OP_USER_ENDPOINT": "userinfo_endpoint",
    "OIDC_OP_JWKS_ENDPOINT": "jwks_uri",
    "OIDC_OP_ISSUER": "issuer",
}
TIMEOUT_SECONDS = 10


def provider_settings(document: Mapping[str, object]) -> dict[str, object]:
    """The library's settings from a provider's own description of itself, its ``/.well-known/openid-configuration``.

    Raises ImproperlyConfigured for one that lacks an address.
    """
    missing = [name for name in _ENDPOINTS.values() if not isinstance(document.get(name), str)]
    if missing:
        raise ImproperlyConfigured(
            f"OIDC_PROVIDER lacks {', '.join(missing)}: paste the provider's openid-configuration"
        )
    offered = document.get("id_token_signing_alg_values_supported", ["RS256"])
    algorithm = next((known for known in ("RS256", "ES256") if isinstance(offered, list) and known in offered), None)
    if algorithm is None:
        raise ImproperlyConfigured("OIDC_PROVIDER signs with neither RS256 nor ES256")
    return {name: document[key] for name, key in _ENDPOINTS.items()} | {
        "OIDC_RP_SIGN_ALGO": algorithm,
        "OIDC_RP_SCOPES": "openid email",
        "OIDC_CREATE_USER": False,
        "OIDC_USE_PKCE": True,
        "OIDC_TIMEOUT": TIMEOUT_SECONDS,
        "LOGIN_REDIRECT_URL_FAILURE": "/admin/login/",
    }

"""Logging in through an OpenID Connect provider: what mozilla-django-oidc leaves open, decided. Off unless OIDC_PROVIDER is set.

Source: OpenID Connect Core 1.0, section 3.1.3.7 (what of an ID token must be looked at).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt
from django.contrib.auth.models import User
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from mozilla_django_oidc.auth import OIDCAuthenticationBackend


class ProviderBackend(OIDCAuthenticationBackend):  # type: ignore[misc]  # mozilla-django-oidc publishes no types
    """Lets in the active person who has the address that the provider has verified. It makes no users, and gives nobody a role."""

    def verify_token(self, token: str, **kwargs: Any) -> dict[str, Any]:
        """The ID token's claims. Beside the signature and the nonce: who issued it, and for whom.

        Raises SuspiciousOperation, which is a 400.
        """
        try:
            claims: dict[str, Any] = super().verify_token(token, **kwargs)
        except jwt.PyJWTError as error:
            raise SuspiciousOperation(f"the ID token was refused: {error}") from error
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self.get_settings("OIDC_OP_ISSUER"):
            raise SuspiciousOperation("the ID token was issued by somebody else")
        if (
            self.OIDC_RP_CLIENT_ID not in audiences
            or claims.get("azp", self.OIDC_RP_CLIENT_ID) != self.OIDC_RP_CLIENT_ID
        ):
            raise SuspiciousOperation("the ID token was issued for somebody else")
        if "exp" not in claims:
            raise SuspiciousOperation("the ID token has no end")
        self._subject = claims.get("sub")
        return claims

    def verify_claims(self, claims: Mapping[str, Any]) -> bool:
        """Whether they are the same person's as the ID token, and the provider stands for their address.

        An address that nobody has verified would let anybody in as anybody.
        """
        return bool(claims.get("email")) and claims.get("email_verified") is True and claims.get("sub") == self._subject

    def filter_users_by_claims(self, claims: Mapping[str, Any]) -> QuerySet[User]:
        """The people of that address who may log in. Service accounts are nobody's."""
        people = User.objects.filter(is_active=True, service_account=None)
        return people.filter(email__iexact=claims["email"])

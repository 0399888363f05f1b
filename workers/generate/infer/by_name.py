"""What a field is, as its name says, where its values do not object."""

from __future__ import annotations

import re
from typing import Any

# The first that fits counts. Names are compared in lower case with words apart: "postCode" is "post_code".
_NAMES: list[tuple[str, str, str]] = [
    (r"e_?mail", "person", "email"),
    (r"first_?name|given_?name|forename", "person", "first_name"),
    (r"last_?name|surname|family_?name", "person", "last_name"),
    (r"user_?name|login|nick_?name", "person", "username"),
    (r"password", "person", "password"),
    (r"phone|telephone|mobile|fax", "person", "phone"),
    (r"gender|sex", "person", "gender"),
    (r"nationality", "person", "nationality"),
    (r"job|profession|occupation|job_title|position", "company", "job"),
    (r"company|employer|organi[sz]ation|company_name", "company", "name"),
    (r"street|address_?line(_?1)?|street_address", "address", "street"),
    (r"address", "address", "full"),
    (r"post_?code|postal_?code|zip(_?code)?", "address", "postal_code"),
    (r"city|town", "address", "city"),
    (r"state|province|region", "address", "state"),
    (r"country_?code", "address", "country_code"),
    (r"country", "address", "country"),
    (r"lat|latitude", "address", "latitude"),
    (r"lon|lng|longitude", "address", "longitude"),
    (r"iban", "finance", "iban"),
    (r"bic|swift", "finance", "bic"),
    (r"currency(_?code)?", "finance", "currency_code"),
    (r"(credit_?)?card(_?number)?", "finance", "card_number"),
    (r"ip(_?address)?|ipv4", "network", "ipv4"),
    (r"mac(_?address)?", "network", "mac"),
    (r"url|website|homepage|link", "network", "url"),
    (r"host(_?name)?", "network", "hostname"),
    (r"user_?agent", "network", "user_agent"),
    (r"isbn", "identity", "isbn"),
    (r"imei", "identity", "imei"),
    (r"ean", "identity", "ean"),
    (r"(full_?|customer_?|person_?)?name", "person", "full_name"),
]
_PATTERNS = [(re.compile(rf"(?:.+_)?(?:{pattern})"), kind, part) for pattern, kind, part in _NAMES]
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_NUMBERS = {"latitude", "longitude"}


def field_by_name(name: str, values: list[Any]) -> dict[str, Any] | None:
    """The type and part that the name of a field says; None when it says nothing, or when its values are of another kind."""
    words = _WORDS.sub("_", name).strip("_").lower()
    for pattern, kind, part in _PATTERNS:
        if pattern.fullmatch(words) and all(
            _is_number(value) == (part in _NUMBERS) or _is_code(part) for value in values
        ):
            return {"type": kind, "part": part}
    return None


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_code(part: str) -> bool:
    """Whether what looks like a number may stand for a text: codes of digits do."""
    return part in {"postal_code", "phone", "card_number", "isbn", "imei", "ean"}

"""Where the values of named parts come from: Mimesis, which is ten times as fast as Faker; Faker for what it alone has."""

from __future__ import annotations

import functools
import string
import uuid
from collections.abc import Callable
from random import Random
from typing import Any

import mimesis
from faker import Faker
from mimesis.locales import Locale

Make = Callable[[], Any]

# Mimesis's locales that Faker spells otherwise; the rest is the language with its usual country, or American English.
_FAKER = {
    "ar-ae": "ar_AE", "ar-eg": "ar_EG", "ar-jo": "ar_JO", "ar-sa": "ar_SA", "az": "az_AZ", "cs": "cs_CZ", "da": "da_DK",
    "de": "de_DE", "de-at": "de_AT", "de-ch": "de_CH", "el": "el_GR", "en": "en_US", "en-au": "en_AU", "en-ca": "en_CA",
    "en-gb": "en_GB", "es": "es_ES", "es-mx": "es_MX", "et": "et_EE", "fa": "fa_IR", "fi": "fi_FI", "fr": "fr_FR",
    "hu": "hu_HU", "hr": "hr_HR", "it": "it_IT", "ja": "ja_JP", "ko": "ko_KR", "nl": "nl_NL", "nl-be": "nl_BE",
    "no": "no_NO", "pl": "pl_PL", "pt": "pt_PT", "pt-br": "pt_BR", "ru": "ru_RU", "sk": "sk_SK", "sv": "sv_SE",
    "tr": "tr_TR", "uk": "uk_UA", "zh": "zh_CN",
}  # fmt: skip

# Of each part: the provider of Mimesis and its method. Those without a locale are the same in every language.
_MIMESIS: dict[tuple[str, str], tuple[Callable[..., Any], str]] = {
    ("address", "street"): (mimesis.Address, "address"),
    ("address", "street_name"): (mimesis.Address, "street_name"),
    ("address", "street_number"): (mimesis.Address, "street_number"),
    ("address", "postal_code"): (mimesis.Address, "postal_code"),
    ("address", "city"): (mimesis.Address, "city"),
    ("address", "state"): (mimesis.Address, "state"),
    ("address", "country"): (mimesis.Address, "country"),
    ("address", "country_code"): (mimesis.Address, "country_code"),
    ("address", "continent"): (mimesis.Address, "continent"),
    ("address", "calling_code"): (mimesis.Address, "calling_code"),
    ("address", "latitude"): (mimesis.Address, "latitude"),
    ("address", "longitude"): (mimesis.Address, "longitude"),
    ("person", "full_name"): (mimesis.Person, "full_name"),
    ("person", "first_name"): (mimesis.Person, "first_name"),
    ("person", "last_name"): (mimesis.Person, "last_name"),
    ("person", "title"): (mimesis.Person, "title"),
    ("person", "birth_date"): (mimesis.Person, "birthdate"),
    ("person", "gender"): (mimesis.Person, "gender"),
    ("person", "email"): (mimesis.Person, "email"),
    ("person", "username"): (mimesis.Person, "username"),
    ("person", "password"): (mimesis.Person, "password"),
    ("person", "phone"): (mimesis.Person, "phone_number"),
    ("person", "nationality"): (mimesis.Person, "nationality"),
    ("person", "language"): (mimesis.Person, "language"),
    ("person", "university"): (mimesis.Person, "university"),
    ("person", "degree"): (mimesis.Person, "academic_degree"),
    ("person", "blood_type"): (mimesis.Person, "blood_type"),
    ("person", "weight_kg"): (mimesis.Person, "weight"),
    ("company", "name"): (mimesis.Finance, "company"),
    ("company", "type"): (mimesis.Finance, "company_type"),
    ("company", "job"): (mimesis.Person, "occupation"),
    ("company", "url"): (mimesis.Internet, "url"),
    ("finance", "currency_code"): (mimesis.Finance, "currency_iso_code"),
    ("finance", "currency_symbol"): (mimesis.Finance, "currency_symbol"),
    ("finance", "bank"): (mimesis.Finance, "bank"),
    ("finance", "stock_name"): (mimesis.Finance, "stock_name"),
    ("finance", "stock_ticker"): (mimesis.Finance, "stock_ticker"),
    ("finance", "stock_exchange"): (mimesis.Finance, "stock_exchange"),
    ("finance", "card_number"): (mimesis.Payment, "credit_card_number"),
    ("finance", "card_network"): (mimesis.Payment, "credit_card_network"),
    ("finance", "card_expiration"): (mimesis.Payment, "credit_card_expiration_date"),
    ("finance", "card_code"): (mimesis.Payment, "cvv"),
    ("finance", "bitcoin_address"): (mimesis.Payment, "bitcoin_address"),
    ("network", "ipv4"): (mimesis.Internet, "ip_v4"),
    ("network", "ipv6"): (mimesis.Internet, "ip_v6"),
    ("network", "mac"): (mimesis.Internet, "mac_address"),
    ("network", "hostname"): (mimesis.Internet, "hostname"),
    ("network", "url"): (mimesis.Internet, "url"),
    ("network", "slug"): (mimesis.Internet, "slug"),
    ("network", "port"): (mimesis.Internet, "port"),
    ("network", "top_level_domain"): (mimesis.Internet, "tld"),
    ("network", "user_agent"): (mimesis.Internet, "user_agent"),
    ("network", "http_method"): (mimesis.Internet, "http_method"),
    ("network", "http_status"): (mimesis.Internet, "http_status_code"),
    ("network", "mime_type"): (mimesis.File, "mime_type"),
    ("network", "file_name"): (mimesis.File, "file_name"),
    ("identity", "isbn"): (mimesis.Code, "isbn"),
    ("identity", "ean"): (mimesis.Code, "ean"),
    ("identity", "imei"): (mimesis.Code, "imei"),
    ("identity", "issn"): (mimesis.Code, "issn"),
    ("identity", "pin"): (mimesis.Code, "pin"),
    ("text", "word"): (mimesis.Text, "word"),
    ("text", "sentence"): (mimesis.Text, "sentence"),
    ("text", "quote"): (mimesis.Text, "quote"),
    ("text", "color"): (mimesis.Text, "color"),
    ("text", "emoji"): (mimesis.Text, "emoji"),
}
_BY_FAKER = {
    ("company", "catch_phrase"): "catch_phrase",
    ("company", "buzzwords"): "bs",
    ("finance", "iban"): "iban",
    ("finance", "bic"): "swift11",
    ("finance", "account_number"): "bban",
    ("identity", "national_id"): "ssn",
    ("identity", "license_plate"): "license_plate",
}
_WITHOUT_LOCALE = (mimesis.Internet, mimesis.Payment, mimesis.File, mimesis.Code)


class Source:
    """Makes the values of one part, as many as one likes, from one stream of random numbers."""

    def __init__(self, make: Make, seed: Callable[[int], object]) -> None:
        self._make = make
        self._seed = seed

    def values(self, random: Random, count: int) -> list[Any]:
        """``count`` values, which depend on nothing but the state of ``random``."""
        self._seed(random.getrandbits(64))
        make = self._make
        return [make() for _ in range(count)]


def source(*, kind: str, part: str, locale: str) -> Source:
    """The source of a part of a field type; raises KeyError when it is made of others (`workers.generate.columns`)."""
    if (kind, part) in _BY_FAKER:
        faker = _faker(_FAKER.get(locale, "en_US"))
        return Source(_or_american(faker, _BY_FAKER[kind, part]), faker.seed_instance)
    provider_class, method = _MIMESIS[kind, part]
    provider = provider_class() if provider_class in _WITHOUT_LOCALE else provider_class(Locale(locale))
    return Source(getattr(provider, method), provider.reseed)


def uuid4(random: Random) -> str:
    """A random UUID from this stream; Mimesis takes some from the system's, which no seed repeats."""
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def hex_digits(random: Random, count: int) -> str:
    """So many of them."""
    return f"{random.getrandbits(4 * count):0{count}x}"


ALPHABETS = {
    "letters": string.ascii_letters,
    "digits": string.digits,
    "alphanumeric": string.ascii_letters + string.digits,
    "hex": "0123456789abcdef",
    "ascii": "".join(map(chr, range(33, 127))),
    "unicode": "".join(map(chr, [*range(33, 127), *range(0xC0, 0x180), *range(0x391, 0x3C9), *range(0x410, 0x450)])),
}


@functools.cache
def _faker(locale: str) -> Faker:
    """Loading a locale takes a third of a second; sharing one does no harm, for every use begins with its seed."""
    return Faker(locale)


def _or_american(faker: Faker, method: str) -> Make:
    """Some locales of Faker lack a method; Faker itself falls back on American English for whole providers only."""
    made: Make = getattr(faker, method)
    return made

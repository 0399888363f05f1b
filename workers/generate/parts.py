"""The parts of the field types, and what kind of value each is."""

from workers.generate.values import Type

_TEXT, _INTEGER, _NUMBER = Type.TEXT, Type.INTEGER, Type.NUMBER

ADDRESS = {
    "full": _TEXT,
    "street": _TEXT,
    "street_name": _TEXT,
    "street_number": _TEXT,
    "postal_code": _TEXT,
    "city": _TEXT,
    "state": _TEXT,
    "country": _TEXT,
    "country_code": _TEXT,
    "continent": _TEXT,
    "calling_code": _TEXT,
    "latitude": _NUMBER,
    "longitude": _NUMBER,
    "point": _TEXT,
}
PERSON = {
    "full_name": _TEXT,
    "first_name": _TEXT,
    "last_name": _TEXT,
    "title": _TEXT,
    "age": _INTEGER,
    "birth_date": Type.DATE,
    "gender": _TEXT,
    "email": _TEXT,
    "username": _TEXT,
    "password": _TEXT,
    "phone": _TEXT,
    "nationality": _TEXT,
    "language": _TEXT,
    "university": _TEXT,
    "degree": _TEXT,
    "blood_type": _TEXT,
    "height_m": _NUMBER,
    "weight_kg": _INTEGER,
}
COMPANY = {
    "name": _TEXT,
    "type": _TEXT,
    "catch_phrase": _TEXT,
    "buzzwords": _TEXT,
    "job": _TEXT,
    "url": _TEXT,
}
FINANCE = {
    "price": _NUMBER,
    "currency_code": _TEXT,
    "currency_symbol": _TEXT,
    "bank": _TEXT,
    "iban": _TEXT,
    "bic": _TEXT,
    "account_number": _TEXT,
    "card_number": _TEXT,
    "card_network": _TEXT,
    "card_expiration": _TEXT,
    "card_code": _TEXT,
    "bitcoin_address": _TEXT,
    "stock_name": _TEXT,
    "stock_ticker": _TEXT,
    "stock_exchange": _TEXT,
}
NETWORK = {
    "ipv4": _TEXT,
    "ipv6": _TEXT,
    "mac": _TEXT,
    "hostname": _TEXT,
    "url": _TEXT,
    "slug": _TEXT,
    "port": _INTEGER,
    "top_level_domain": _TEXT,
    "user_agent": _TEXT,
    "http_method": _TEXT,
    "http_status": _INTEGER,
    "mime_type": _TEXT,
    "file_name": _TEXT,
}
IDENTITY = {
    "uuid": _TEXT,
    "isbn": _TEXT,
    "ean": _TEXT,
    "imei": _TEXT,
    "issn": _TEXT,
    "pin": _TEXT,
    "national_id": _TEXT,
    "license_plate": _TEXT,
    "sha256": _TEXT,
}
TEXT = {
    "word": _TEXT,
    "sentence": _TEXT,
    "paragraph": _TEXT,
    "quote": _TEXT,
    "color": _TEXT,
    "emoji": _TEXT,
}

"""Telegram Passport: telling people what is wrong in what they have given."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from botflight_harness.telegram import objects
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.objects import Unreadable

_TYPES = frozenset(
    {
        "personal_details",
        "passport",
        "driver_license",
        "identity_card",
        "internal_passport",
        "address",
        "utility_bill",
        "bank_statement",
        "rental_agreement",
        "passport_registration",
        "temporary_registration",
        "phone_number",
        "email",
    }
)
#: By the source of an error: the field with the hash of what it is about.
_HASHES = {
    "unspecified": "element_hash",
    "data": "data_hash",
    "front_side": "file_hash",
    "reverse_side": "file_hash",
    "selfie": "file_hash",
    "file": "file_hash",
    "translation_file": "file_hash",
    "files": "file_hashes",
    "translation_files": "file_hashes",
}


def set_passport_data_errors(request: Request) -> bool:
    """Tell somebody what is wrong; they may give it again only when it has changed."""
    given = request.arguments.get("errors")
    if not isinstance(given, list):
        raise bad_request("expected an Array of PassportElementError")
    with objects.parsing("PassportElementError"):
        errors = [_error(value) for value in given]
    user_id = request.user().user_id
    request.world.passport_errors[user_id, request.bot.user_id] = errors
    return True


def _error(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Unreadable("expected an Object")
    if objects.text(value, "type", required=True) not in _TYPES:
        raise Unreadable("wrong Telegram Passport element type specified")
    objects.text(value, "message", required=True)
    source = objects.text(value, "source") or "unspecified"
    if source not in _HASHES:
        raise Unreadable("wrong source specified")
    field = _HASHES[source]
    if field == "file_hashes":
        for one in objects.array(value, field):
            if not isinstance(one, str):
                raise Unreadable("hash must be a string")
            _check_hash(one)
    else:
        _check_hash(objects.text(value, field, required=True))
    if source == "data":
        objects.text(value, "field_name", required=True)
    return dict(value)


def _check_hash(text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Unreadable("hash isn't a valid base64-encoded string") from None


METHODS = {"setPassportDataErrors": handler(set_passport_data_errors, "user_id errors")}

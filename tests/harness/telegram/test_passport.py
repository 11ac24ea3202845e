from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import Person

Call = Callable[..., Any]
WRONG = {"source": "data", "type": "passport", "field_name": "expiry_date", "data_hash": "YWJj", "message": "Expired"}
PARSING = "400 Bad Request: can't parse PassportElementError: "


@pytest.fixture(autouse=True)
def _acquainted(alice: Person) -> None:
    alice.send_text("/start")


def test_somebody_is_told_what_is_wrong(call: Call, alice: Person) -> None:
    """The newest complaint takes the place of the former, and none ends it."""
    call("setPassportDataErrors", user_id=alice.user_id, errors=[WRONG])
    assert alice.passport_errors() == [WRONG]

    call("setPassportDataErrors", user_id=alice.user_id, errors=[])

    assert alice.passport_errors() == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (1, "expected an Object"),
        (WRONG | {"type": None}, 'Can\'t find field "type"'),
        (WRONG | {"type": "library_card"}, "wrong Telegram Passport element type specified"),
        (WRONG | {"message": None}, 'Can\'t find field "message"'),
        (WRONG | {"source": "rumour"}, "wrong source specified"),
        (WRONG | {"data_hash": None}, 'Can\'t find field "data_hash"'),
        (WRONG | {"data_hash": "?"}, "hash isn't a valid base64-encoded string"),
        (WRONG | {"field_name": None}, 'Can\'t find field "field_name"'),
        (WRONG | {"source": "selfie"}, 'Can\'t find field "file_hash"'),
        (WRONG | {"source": "files", "file_hashes": "x"}, 'Field "file_hashes" must be of type Array'),
        (WRONG | {"source": "files", "file_hashes": [1]}, "hash must be a string"),
        (WRONG | {"source": ""}, 'Can\'t find field "element_hash"'),
    ],
)
def test_a_wrong_complaint_is_refused(refusal: Callable[..., str], alice: Person, error: object, words: str) -> None:
    """In Telegram's words."""
    assert refusal("setPassportDataErrors", user_id=alice.user_id, errors=[error]) == f"{PARSING}{words}"


def test_complaints_are_a_list_for_somebody(refusal: Callable[..., str], alice: Person) -> None:
    """Whom Telegram knows."""
    assert refusal("setPassportDataErrors", user_id=77, errors=[]) == "400 Bad Request: user not found"
    said = refusal("setPassportDataErrors", user_id=alice.user_id, errors={})
    assert said == "400 Bad Request: expected an Array of PassportElementError"

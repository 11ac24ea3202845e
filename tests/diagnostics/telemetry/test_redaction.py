import orjson
import pytest

from botflight_diagnostics.telemetry.redaction import MIN_SECRET_CHARACTERS, Redactor

TOKEN = "AAF-abcdefghijklmnopqrstuvwxyz_0123"[:35]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"token 123456789:{TOKEN}.", "token 123456789:[redacted]."),
        (f"line\n123456789:{TOKEN}", "line\n123456789:[redacted]"),
        (f"token 123456789%3A{TOKEN}", "token 123456789:[redacted]"),
        ("https://api.telegram.org/bot1:short/getMe", "https://api.telegram.org/bot[redacted]/getMe"),
        ("Authorization: Bearer abc.def-123=", "Authorization: Bearer [redacted]"),
        ("authorization: bearer abc", "authorization: bearer [redacted]"),
        ("postgresql://bot:hunter2@db:5432/x", "postgresql://[redacted]@db:5432/x"),
        ("redis://:hunter2@db", "redis://[redacted]@db"),
    ],
)
def test_what_has_the_shape_of_a_secret_is_taken_out(text, clean):
    """Tokens, Bearer headers and passwords in URLs are found without being known."""
    assert Redactor().text(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        '{"timestamp_ms":1790000000000,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","at":"12:30:45"}',
        "http://localhost:8080/webhook?x=1",
        "botflight 0.1.0",
        "6f1f0d3a-6f0b-5d0e-9d4b-6b6f74666c74",
    ],
)
def test_what_is_no_secret_stays(text):
    """Ids, times and plain URLs are left as they are."""
    assert Redactor().text(text) == text


def test_a_known_secret_is_taken_out():
    """A secret that the service was given is found anywhere."""
    assert Redactor(["hunter22"]).text("it is hunter22!") == "it is [redacted]!"


def test_a_known_secret_is_found_percent_encoded():
    """A secret in a URL is found in its encoded form."""
    assert Redactor(["p@ss/word"]).text("x=p%40ss%2Fword") == "x=[redacted]"


@pytest.mark.parametrize("secret", ['quo"te\\d', "пароль", "tab\there"])
def test_a_known_secret_is_found_in_json(secret):
    """A secret is found in a rendered line however JSON writes it."""
    line = orjson.dumps({"password": secret})

    assert Redactor([secret]).line(line) == b'{"password":"[redacted]"}'


def test_the_longer_of_two_secrets_goes_first():
    """A secret that contains another leaves no rest."""
    assert Redactor(["hunter", "hunter22"]).text("hunter22") == "[redacted]"


def test_a_tiny_secret_is_left_alone():
    """What is shorter than the least length would be found in half of all lines."""
    assert Redactor(["a" * (MIN_SECRET_CHARACTERS - 1)]).text("banaaana") == "banaaana"


def test_nested_values_are_copied_without_secrets():
    """Keys and values of mappings and sequences are cleaned at any depth."""
    value = {"hunter22": [1, None, True, ("x hunter22",)]}

    assert Redactor(["hunter22"]).value(value) == {"[redacted]": [1, None, True, ["x [redacted]"]]}


def test_the_text_of_an_exception_is_cleaned():
    """What is no plain value is taken by its text."""
    assert Redactor(["hunter22"]).value(ValueError("hunter22")) == "[redacted]"


def test_values_are_followed_to_a_limit():
    """A value that contains itself comes to an end."""
    value: list[object] = []
    value.append(value)

    assert "[...]" in str(Redactor().value(value))

"""Addresses that KIE calls: ours are known, others are not."""

from __future__ import annotations

import pytest

from botflight_service.provider.kie.callbacks import Callbacks
from makings_of_kie import CALLBACKS, SECRET

TOKEN = "8f14e45f-ceea-567f-a1b2-c3d4e5f60718"


def test_an_address_names_its_token_again() -> None:
    """What was written is read back, also behind another host and a proxy's path."""
    url = CALLBACKS.url(TOKEN)

    assert url is not None
    assert CALLBACKS.token_of(url) == TOKEN
    assert CALLBACKS.token_of(url.replace("https://bot.example", "https://new.example/behind/a/proxy")) == TOKEN


def test_every_replica_knows_it() -> None:
    """The proof follows from the shared secret alone."""
    other = Callbacks(base_url=None, secret=SECRET)

    assert other.is_ours(TOKEN, CALLBACKS.proof(TOKEN))


@pytest.mark.parametrize("proof", ["", "x", CALLBACKS.proof("another"), CALLBACKS.proof(TOKEN)[:-1], "пруф"])
def test_a_wrong_proof_is_none(proof: str) -> None:
    """Neither nothing, nor that of another token, nor a part of it, nor letters that no proof has."""
    assert not CALLBACKS.is_ours(TOKEN, proof)


@pytest.mark.parametrize(
    "url", ["", "https://bot.example/", "https://[", f"https://bot.example/provider/kie/{TOKEN}/x"]
)
def test_an_address_of_others_has_no_token(url: str) -> None:
    """RecordInfo may repeat anything."""
    assert CALLBACKS.token_of(url) is None


def test_another_secret_makes_another_proof() -> None:
    """Who knows the code and the token does not know the address."""
    assert Callbacks(base_url=None, secret="another").proof(TOKEN) != CALLBACKS.proof(TOKEN)


def test_where_nobody_can_call_there_is_no_address() -> None:
    """In polling mode the service has no public address."""
    assert Callbacks(base_url=None, secret=SECRET).url(TOKEN) is None

"""What the way of an update needs to know of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botflight_service.updates.envelope import InvalidUpdate, kind_of, lane_of, update_id_of

ALICE = {"id": 7, "is_bot": False, "first_name": "Alice"}
CHAT = {"id": -100, "type": "group"}


@pytest.mark.parametrize("update_id", [None, "1", 1.0, True, -1, 2**63])
def test_an_update_has_a_whole_update_id(update_id: object) -> None:
    """Anything else than a whole number of 64 bits is refused."""
    with pytest.raises(InvalidUpdate):
        update_id_of({"update_id": update_id})


def test_the_kind_is_the_field_beside_the_update_id() -> None:
    """A kind that Telegram will invent later is named as well."""
    assert kind_of({"update_id": 1, "new_kind": {}}) == "new_kind"


@pytest.mark.parametrize(
    ("kind", "content", "lane"),
    [
        ("message", {"from": ALICE, "chat": CHAT}, "chat:-100"),
        ("callback_query", {"from": ALICE, "message": {"chat": CHAT}}, "chat:-100"),
        ("callback_query", {"from": ALICE, "inline_message_id": "x"}, "chat:7"),
        ("pre_checkout_query", {"from": ALICE}, "payment:7"),
        ("poll_answer", {"user": ALICE}, "chat:7"),
    ],
)
def test_the_lane_is_the_chat_and_payments_have_their_own(kind: str, content: dict[str, Any], lane: str) -> None:
    """A message and a tap in one chat share a lane; a payment query waits for nobody."""
    assert lane_of({"update_id": 1, kind: content}, kind) == lane


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=12,
    )
)
def test_whatever_comes_has_a_lane(content: object) -> None:
    """No shape of an update stops it on its way."""
    body = {"update_id": 1, "message": content}

    assert isinstance(lane_of(body, kind_of(body)), str)

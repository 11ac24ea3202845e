from __future__ import annotations

import pytest

from botflight_service.billing.ledger import AccountKind, TransferKind
from botflight_service.billing.money import credits
from botflight_service.session import Session
from guest import GUEST, Guest


async def test_an_admin_gives_credits(admin: Guest) -> None:
    """One transfer, and both are told: the admin here, the user in their own chat."""
    admin.shelf.available[GUEST] = credits(1)

    reply = await admin.commands(f"/credit {GUEST} 50")

    assert (reply.action, reply.outcome) == ("credit", "OK")
    assert [(moved.kind, moved.user_id, moved.amount_hundredths) for moved in reply.transfers] == [
        (TransferKind.CREDIT, GUEST, 5000)
    ]
    assert [(screen.chat_id, screen.text) for screen in reply.screens] == [
        (None, f"✅ Credited to <code>{GUEST}</code>: 50 credits\nThey have now: 51 credits"),
        (GUEST, "🎁 You have received: 50 credits\nYou have now: 51 credits"),
    ]


async def test_the_transfer_comes_of_the_update(admin: Guest) -> None:
    """The same update gives the same transfer, another update another one, and neither is a payment."""
    first = await admin.commands(f"/credit {GUEST} 50")
    admin.update_id -= 1
    again = await admin.commands(f"/credit {GUEST} 50")
    second = await admin.commands(f"/credit {GUEST} 50")

    assert first.transfers[0].transfer_id == again.transfers[0].transfer_id != second.transfers[0].transfer_id
    assert first.transfers[0].debit.kind is AccountKind.ADJUSTMENTS


async def test_the_user_is_told_in_their_own_language(admin: Guest) -> None:
    """What the user chose counts, not the admin's language."""
    admin.shelf.sessions[GUEST] = Session(user_id=GUEST, update_id=1, written_at_ms=0, language="ru")

    reply = await admin.commands(f"/credit {GUEST} 2,5")

    assert reply.screens[1].text == "🎁 Вам начислено: 2,5 кредита\nТеперь на балансе: 2,5 кредита"


async def test_an_admin_who_credits_themselves_is_told_once(admin: Guest) -> None:
    """One message is enough for one person."""
    reply = await admin.commands(f"/credit {admin.user_id} 5")

    assert len(reply.screens) == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/credit", "A user and an amount are needed"),
        ("/credit 1001", "A user and an amount are needed"),
        ("/credit 1001 5 6", "A user and an amount are needed"),
        ("/credit @alice 5", "a whole number above zero"),
        ("/credit -1001 5", "a whole number above zero"),
        ("/credit 0 5", "a whole number above zero"),
        ("/credit 1001 0", "a number above zero"),
        ("/credit 1001 -5", "a number above zero"),
        ("/credit 1001 nan", "a number above zero"),
        ("/credit 1001 inf", "a number above zero"),
        ("/credit 1001 1.005", "at most two decimals"),
        ("/credit 1001 <b>", "a number above zero"),
        ("/credit 1001 1,000.00", "a number above zero"),
    ],
)
async def test_what_is_no_grant_is_explained(admin: Guest, line: str, told: str) -> None:
    """Nothing moves, and the answer says what is wrong and how it is done."""
    reply = await admin.commands(line)

    assert (reply.outcome, reply.transfers) == ("INVALID_INPUT", ())
    assert told in admin.screen.text
    assert "/credit USER AMOUNT" in admin.screen.text


async def test_a_user_who_was_never_here_gets_nothing(admin: Guest) -> None:
    """A mistyped id does not swallow credits."""
    reply = await admin.commands("/credit 31337 5")

    assert (reply.outcome, reply.transfers) == ("UNKNOWN_USER", ())
    assert "31337" in admin.screen.text


async def test_others_do_not_know_the_command(guest: Guest) -> None:
    """For everybody else it is a command like any unknown one."""
    reply = await guest.commands("/credit 1001 1000")

    assert (reply.outcome, reply.transfers) == ("UNKNOWN_COMMAND", ())
    assert "I do not know this command." in guest.screen.text

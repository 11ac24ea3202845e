import pytest

from botflight_harness.network.policy import IPV6_PROBE, Policy


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.255.3.4", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "localhost", "127.1", "", "a.localhost"],  # noqa: S104 - nothing is bound
)
def test_this_machine_is_in_reach(host: str) -> None:
    """Loopback, in each of its spellings, and what is unspecified, which leads there."""
    assert Policy().allows_address(host, 80)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "192.168.1.1",
        "8.8.8.8",
        "2001:db8::1",
        "::ffff:8.8.8.8",
        "fe80::1%eth0",
        "255.255.255.255",
        "api.telegram.org",
    ],
)
def test_anything_else_is_not(host: str) -> None:
    """Private networks are networks too."""
    assert not Policy().allows_address(host, 80)


def test_a_service_is_in_reach_by_name_and_address_at_its_port() -> None:
    """Nothing else of that host is."""
    policy = Policy.parse("db:5432,10.0.0.5:5432,[2001:db8::5]:5432")

    assert policy.allows_address("db", 5432)
    assert policy.allows_address("10.0.0.5", 5432)
    assert policy.allows_address("2001:db8::5", 5432)
    assert policy.allows_name("db")
    assert not policy.allows_address("10.0.0.5", 22)


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST.", "127.0.0.1", "8.8.8.8", "bot.localhost"])
def test_names_that_need_no_name_server_may_be_looked_up(name: str) -> None:
    """An address is no name, whatever leads there."""
    assert Policy().allows_name(name)


def test_a_name_server_on_loopback_is_not_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stub resolver asks the network in our stead."""
    monkeypatch.setattr("botflight_harness.network.policy.name_servers", lambda: ["127.0.0.53"])
    policy = Policy()

    assert not policy.allows_address("127.0.0.53", 53)
    assert policy.allows_address("127.0.0.53", 8080)
    assert policy.allows_address("127.0.0.1", 53)


def test_a_browsers_look_at_the_routes_is_overlooked_and_nothing_else() -> None:
    """It sends nothing, and nobody asked for it; it is not let through all the same."""
    policy = Policy()

    assert policy.overlooks(IPV6_PROBE, 443)
    assert not policy.overlooks("2001:db8::1", 443)
    assert not policy.allows_address(IPV6_PROBE, 443)

from ipaddress import ip_address

import pytest

from app.adapters.addresses import AllowedAddresses

PUBLIC = AllowedAddresses.of((), loopback=False)
GOVERNMENT = AllowedAddresses.of(("10.20.0.0/16", "fd12:3456::/32"), loopback=False)
DEMO = AllowedAddresses.of((), loopback=True)

NEVER = [
    "0.0.0.0",  # noqa: S104  # nothing binds to it here
    "10.0.0.1",
    "10.20.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "fd00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", NEVER)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not PUBLIC.allow(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "223.5.5.5", "2400:3200::1", "::ffff:1.1.1.1"])
def test_what_is_public_is_allowed(address: str) -> None:
    assert PUBLIC.allow(ip_address(address))


@pytest.mark.parametrize("address", ["10.20.0.1", "10.20.255.255", "::ffff:10.20.3.4", "fd12:3456::9"])
def test_listed_networks_are_allowed(address: str) -> None:
    assert GOVERNMENT.allow(ip_address(address))


@pytest.mark.parametrize("address", ["10.21.0.1", "127.0.0.1", "fd12:3457::9", "192.168.0.1"])
def test_a_listed_network_opens_nothing_beside_it(address: str) -> None:
    assert not GOVERNMENT.allow(ip_address(address))


def test_the_demo_may_call_its_own_machine_and_nothing_else_private() -> None:
    assert DEMO.allow(ip_address("127.0.0.1"))
    assert DEMO.allow(ip_address("::1"))
    assert not DEMO.allow(ip_address("192.168.1.1"))


def test_one_forbidden_address_forbids_the_name() -> None:
    assert PUBLIC.pick(["1.1.1.1", "8.8.8.8"]) == "1.1.1.1"
    assert PUBLIC.pick(["1.1.1.1", "10.0.0.1"]) is None
    assert PUBLIC.pick(["fe80::1%eth0"]) is None
    assert PUBLIC.pick([]) is None


def test_what_is_no_network_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="10"):
        AllowedAddresses.of(("10.0.0.1/8",), loopback=False)

"""Which addresses we may call: never our own network by way of a partner's name. Source: OWASP API7 (SSRF)."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

LOOPBACK: Final[tuple[Network, ...]] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_PUBLIC_V6: Final = ip_network("2000::/3")
_TUNNELS: Final[tuple[Network, ...]] = (ip_network("2002::/16"), ip_network("2001::/32"))
"""IPv6 addresses that carry an IPv4 address of anybody's choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedAddresses:
    """Public addresses, and the networks that were listed."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[str], *, loopback: bool) -> "AllowedAddresses":
        """Build from CIDR texts; `loopback` is for the demo. Raises ValueError for what is no network."""
        return cls(networks=(*(ip_network(one) for one in networks), *(LOOPBACK if loopback else ())))

    def allow(self, address: Address) -> bool:
        """Tell whether we may connect."""
        plain = (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
        if any(plain in network for network in self.networks if network.version == plain.version):
            return True
        if isinstance(plain, IPv6Address) and (plain not in _PUBLIC_V6 or any(plain in net for net in _TUNNELS)):
            return False
        return plain.is_global and not plain.is_multicast and not plain.is_reserved

    def pick(self, addresses: Sequence[str]) -> str | None:
        """Return the address to connect to; None when any of them is not allowed, or there is none."""
        # zone ids (fe80::1%eth0) are link-local, never allowed, and not parsed by every version
        parsed = [ip_address(one.partition("%")[0]) for one in addresses]
        return str(parsed[0]) if parsed and all(self.allow(one) for one in parsed) else None


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, as the system resolves it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))

"""Who can reach this app, and what that allows."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field

from spa2v_core.errors import InputError


def on_a_space() -> bool:
    return bool(os.environ.get("SPACE_ID"))


@dataclass(frozen=True)
class Host:
    """How the app is served.

    Attributes
    ----------
    public
        others than whoever runs it reach it, so that they may name no file or server here.
    endpoints
        servers of planners that visitors of a public host may name all the same.
    proxies
        that stand before the app and add to X-Forwarded-For.
    """

    public: bool = field(default_factory=on_a_space)
    endpoints: tuple[str, ...] = ()
    proxies: int = 0

    def allows(self, named: object) -> bool:
        """Whether a visitor may name this file or server of the machine that runs the app."""
        return not self.public or named in self.endpoints

    @classmethod
    def of(cls, address: str | None, share: bool) -> Host:
        """By the address it listens on; SPA2V_ENDPOINTS and SPA2V_PROXIES say the rest."""
        named = os.environ.get("SPA2V_ENDPOINTS", "")
        proxies = os.environ.get("SPA2V_PROXIES", "1" if on_a_space() else "0")
        if not proxies.isdigit():
            raise InputError(f"SPA2V_PROXIES must be a number, not '{proxies}'")
        return cls(
            public=share or on_a_space() or not _is_loopback(address),
            endpoints=tuple(one.strip() for one in named.split(",") if one.strip()),
            proxies=int(proxies),
        )


def _is_loopback(address: str | None) -> bool:
    if address in (None, "localhost"):
        return os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1") in (
            "127.0.0.1",
            "localhost",
            "::1",
        )
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False  # a name: others may reach it


#: Of the app that runs in this process; `launch` sets it before it builds the page.
_current = Host()


def current() -> Host:
    return _current


def use(host: Host) -> None:
    global _current  # noqa: PLW0603 (one app a process)
    _current = host

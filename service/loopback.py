"""Keeps other machines and other web sites out.

A server without keys listens on loopback only. That alone does not stop a web page in the user's
browser: it can send requests to 127.0.0.1 (cross-site request forgery), or give its own name that
address (DNS rebinding) and then read the answers too. A server with keys need not care for names:
a page that came under another name has no cookie. It still refuses what foreign pages send along
with the user's cookie.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address

from service.access_errors import ForeignHost, ForeignOrigin, ProxiedRequest
from service.errors import ServiceError

OWN_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PROXY_HEADERS = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
)
OWN_SITE = frozenset({"same-origin", "none"})


def is_loopback(host: str) -> bool:
    """Tell whether only programs of this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def foreign_page(method: str, headers: Mapping[str, str]) -> str | None:
    """Return the header that tells that a page of another site sent this; None if none does.

    Browsers say so in `Sec-Fetch-Site`, and in `Origin` where they think a connection unsafe.
    Programs send neither.
    """
    if method in SAFE_METHODS:
        return None
    site = headers.get("sec-fetch-site")
    if site is not None:
        return None if site in OWN_SITE else "Sec-Fetch-Site"
    origin, host = headers.get("origin"), headers.get("host", "").lower()
    if origin is None or origin.lower() in {f"http://{host}", f"https://{host}"}:
        return None
    return "Origin"


def stranger(method: str, headers: Mapping[str, str]) -> ServiceError | None:
    """Say why a server without keys refuses a request; None if a user of this machine sent it."""
    host = headers.get("host", "").lower()
    if OWN_HOST.fullmatch(host) is None:
        return ForeignHost(host)
    proxied = next((name for name in PROXY_HEADERS if name in headers), None)
    if proxied is not None:
        return ProxiedRequest(proxied)
    foreign = foreign_page(method, headers)
    return None if foreign is None else ForeignOrigin(foreign)

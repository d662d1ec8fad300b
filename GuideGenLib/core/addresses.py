"""What the names in addresses of servers tell."""

import ipaddress
import re


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def name_in(header: str) -> str:
    """The name in a Host header, without the port: a tunnel may give the server another one."""
    return re.sub(r":\d+$", "", header).strip("[]")

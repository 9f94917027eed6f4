"""A TCP port for a program that listens on all of this machine's addresses."""

from __future__ import annotations

import random
import socket

# Below the ports that Linux gives to outgoing connections, so that none of those takes it before the program does.
_FIRST, _LAST = 20_000, 32_000


def free_port() -> int:
    """A port that nothing listens on now; drawn at random, so that two clouds on one machine seldom draw the same."""
    while True:
        port = random.SystemRandom().randint(_FIRST, _LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port

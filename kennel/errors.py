"""The one error whose message is written for the user: what is wrong and how to fix it."""

from __future__ import annotations


class KennelError(Exception):
    """Printed as one sentence by the command line, exit code 1."""

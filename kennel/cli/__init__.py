"""The `kennel` command."""

from __future__ import annotations

from kennel.cli.app import main

__all__ = ["main"]

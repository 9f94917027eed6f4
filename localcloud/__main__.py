"""`python -m localcloud`: run the local cloud in the foreground until SIGTERM."""

from __future__ import annotations

import argparse
import errno
import gc
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from localcloud.image_table import ImageCommand
from localcloud.lifecycle import LocalCloud


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localcloud", description=__doc__)
    parser.add_argument("--port", type=int, default=4599, help="loopback port; 0 takes a free one")
    parser.add_argument("--root", type=Path, help="state directory; a temporary one when left out")
    parser.add_argument("--images", type=Path, help="JSON list of {pattern, kind, command, environment}")
    parser.add_argument("--max-jobs", type=int, help="jobs that run side by side (default: cores)")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    os.umask(0o077)  # the state, and what its jobs write, is its owner's alone
    level = logging.DEBUG if arguments.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        rows = json.loads(arguments.images.read_text()) if arguments.images else []
        images = [ImageCommand.from_json(row) for row in rows]
        cloud = LocalCloud(arguments.root, arguments.port, images, max_jobs=arguments.max_jobs).start()
    except (OSError, ValueError) as error:
        print(f"localcloud cannot start: {_sentence(error, arguments)}", file=sys.stderr)
        return 1
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    print(f"localcloud ready at {cloud.url}\nAWS_SHARED_CREDENTIALS_FILE={cloud.credentials_file}", flush=True)
    stopped.wait()
    cloud.stop()
    gc.freeze()  # otherwise exit spends 1 to 2 s on the quarter of a million objects of moto and botocore
    return 0


def _sentence(error: OSError | ValueError, arguments: argparse.Namespace) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {arguments.port} is taken; stop what uses it, or pass --port 0 for a free one"
    if isinstance(error, FileNotFoundError):
        return f"there is no file {error.filename}"
    return str(error)


if __name__ == "__main__":
    raise SystemExit(main())

"""`python -m localcloud.interrupt JOB`: schedule a spot interruption of a training job."""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request

from localcloud.faults import PATH, Interruption


def main(argv: list[str] | None = None) -> int:
    defaults = Interruption("*")
    parser = argparse.ArgumentParser(prog="python -m localcloud.interrupt", description=__doc__)
    parser.add_argument("job", help="name of the training job; * and ? match, so that it need not exist yet")
    parser.add_argument("--port", type=int, default=4599, help="of the local cloud")
    parser.add_argument("--after-seconds", type=float, default=defaults.after_seconds, help="of training")
    parser.add_argument("--after-line", help="regular expression: once a line of the job's log matches")
    parser.add_argument(
        "--notice-seconds",
        type=float,
        default=defaults.notice_seconds,
        help="between SIGTERM and SIGKILL; 0 kills at once (default: %(default)s)",
    )
    parser.add_argument(
        "--wait-seconds", type=float, default=defaults.wait_seconds, help="until capacity is available again"
    )
    parser.add_argument("--times", type=int, default=defaults.times, help="how many interruptions")
    arguments = vars(parser.parse_args(argv))
    url = f"http://localhost:{arguments.pop('port')}{PATH}"
    request = urllib.request.Request(url, json.dumps(arguments).encode(), method="POST")
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            waiting = len(json.load(answer))
            print(f"{waiting} interruption{' is' if waiting == 1 else 's are'} scheduled")
    except urllib.error.HTTPError as refused:
        print(json.load(refused)["error"], file=sys.stderr)
        return 1
    except urllib.error.URLError as error:
        print(f"no local cloud answers at {url} ({error.reason}): start it, or pass its --port", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

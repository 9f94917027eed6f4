"""`python -m localcloud.interrupt JOB`: schedule a spot interruption of a training job."""

from __future__ import annotations

import argparse

from localcloud.faults import PATH, Interruption
from localcloud.orders import send


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
    answer = send(arguments.pop("port"), PATH, arguments)
    if answer is None:
        return 1
    print(f"{len(answer)} interruption{' is' if len(answer) == 1 else 's are'} scheduled")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

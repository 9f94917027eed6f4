"""`python -m localcloud.quota NAME VALUE`: set what the account has of a quota."""

from __future__ import annotations

import argparse

from localcloud.orders import send
from localcloud.service_quotas.account import PATH


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m localcloud.quota", description=__doc__)
    parser.add_argument("name", nargs="?", help="as Service Quotas has it; * and ? match")
    parser.add_argument("value", nargs="?", type=float)
    parser.add_argument("--new-account", action="store_true", help="the values of an account that was made today")
    parser.add_argument("--reset", action="store_true", help="back to the defaults")
    parser.add_argument("--port", type=int, default=4599, help="of the local cloud")
    arguments = parser.parse_args(argv)
    if arguments.reset:
        method, order = "DELETE", {}
    elif arguments.new_account:
        method, order = "POST", {"new_account": True}
    elif arguments.name is not None and arguments.value is not None:
        method, order = "POST", {"name": arguments.name, "value": arguments.value}
    else:
        parser.error("give a name and a value, --new-account or --reset")
    answer = send(arguments.port, PATH, order, method)
    for line in answer or ():
        print(f"{line['name']}: {line['value']:g}")
    return 1 if answer is None else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Who hears of outcomes, alarms and the budget: e-mail addresses, or one topic that exists."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOPIC = re.compile(
    r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<name>[A-Za-z0-9_-]{1,256})(?P<fifo>\.fifo)?"
)
_RESERVED = re.compile(r"@(.*\.)?(example(\.(com|net|org))?|test|invalid|localhost)$", re.IGNORECASE)


def topic(notify: Sequence[str]) -> str | None:
    """The ARN of the topic that exists, or None where one is made."""
    return next((item for item in notify if item.startswith("arn:")), None)


def unreachable(notify: Sequence[str]) -> tuple[str, ...]:
    """Addresses in a domain that is reserved for examples: nobody can confirm a subscription there."""
    return tuple(item for item in notify if _RESERVED.search(item))


def unconfirmable(environment: str, addresses: Sequence[str]) -> str:
    """Why a deploy with addresses of `unreachable` is refused, and the fix."""
    return (
        f"notify of {environment} has {', '.join(addresses)}, where nobody can confirm the subscription: write the "
        "address of whoever should hear of alarms into kennel.yaml"
    )


def check(notify: Sequence[str]) -> None:
    """Raises ValueError for what is neither an address nor a topic, and for a topic that is not alone."""
    arn = topic(notify)
    if arn is None:
        for address in notify:
            if address.count("@") != 1 or not all(address.split("@")) or " " in address:
                raise ValueError(f"{address!r} is not an e-mail address: write it like team@example.com")
            if notify.count(address) > 1:
                raise ValueError(f"{address!r} stands there twice: leave one out")
        return
    found = _TOPIC.fullmatch(arn)
    if found is None:
        raise ValueError(f"{arn!r} is not a topic: write it like arn:aws:sns:eu-central-1:111122223333:alarms")
    if found["fifo"]:
        raise ValueError(
            f"{arn!r} is a FIFO topic, whose messages need a group id that nothing here sends: name a standard topic"
        )
    if len(notify) > 1:
        raise ValueError(f"{arn!r} must stand alone: subscribe the others to this topic, or leave it out")


def check_place(arn: str, account: str | None, region: str) -> None:
    """Raises ValueError for a topic elsewhere: an alarm publishes in its region only, a budget in its account only."""
    found = _TOPIC.fullmatch(arn)
    assert found is not None
    if found["region"] != region:
        raise ValueError(
            f"notify has a topic in {found['region']}, and an alarm in {region} publishes to its own region only: give "
            f"the environment a notify of its own, with a topic in {region}"
        )
    if account not in (found["account"], None):
        raise ValueError(
            f"notify has a topic of account {found['account']}, and a budget of {account} publishes to its own account "
            "only: give the environment a notify of its own, with a topic of that account"
        )

"""Resource types that a template may contain although nothing is made of them."""

from __future__ import annotations

from localcloud.cloudformation.not_emulated import NOT_EMULATED
from localcloud.cloudformation.providers.base import ClientFactory, Outcome, Properties, Provider, Request


class Ignored(Provider):
    """A type that only the stack knows about."""

    def create(self, request: Request, properties: Properties) -> Outcome:
        return Outcome(request.generated_name())

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        return Outcome(physical_id)

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        """Nothing was made."""

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        return False


PROVIDERS: dict[str, Provider] = {kind: Ignored() for kind in NOT_EMULATED}

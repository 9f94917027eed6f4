"""Resource types that a template may contain although nothing is created for them."""

from __future__ import annotations

from localcloud.cloudformation.not_emulated import NOT_EMULATED
from localcloud.cloudformation.providers.base import AnyProvider, ClientFactory, Outcome, Provider, Request
from localcloud.json_types import JsonObject


class Ignored(Provider[JsonObject]):
    """A type that only the stack knows about."""

    def create(self, request: Request, properties: JsonObject) -> Outcome:
        return Outcome(request.generated_name())

    def update(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> Outcome:
        return Outcome(physical_id)

    def delete(self, request: Request, physical_id: str, properties: JsonObject) -> None:
        """Nothing was created."""

    def exists(self, client: ClientFactory, physical_id: str, properties: JsonObject) -> bool:
        return False


PROVIDERS: dict[str, AnyProvider] = {kind: Ignored() for kind in NOT_EMULATED}

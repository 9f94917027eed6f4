"""Custom resources, and the types on the written list that are accepted and do nothing."""

from __future__ import annotations

from localcloud.cloudformation.not_emulated import NOT_EMULATED
from localcloud.cloudformation.providers.base import ClientFactory, Outcome, Properties, Provider, Request
from localcloud.cloudformation.providers.custom import CustomResource


class NotEmulated(Provider):
    """A type of which nothing but the stack knows."""

    def create(self, request: Request, properties: Properties) -> Outcome:
        return Outcome(request.generated_name())

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        return Outcome(physical_id)

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        """Nothing was made."""

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        return False


PROVIDERS: dict[str, Provider] = {
    "AWS::CloudFormation::CustomResource": CustomResource(),
    **{kind: NotEmulated() for kind in NOT_EMULATED},
}

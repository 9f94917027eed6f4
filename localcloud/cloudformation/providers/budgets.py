"""Budgets: recorded; no money is counted."""

from __future__ import annotations

from typing import TypedDict

from localcloud.cloudformation.providers.base import (
    AnyProvider,
    ClientFactory,
    Outcome,
    Provider,
    Request,
    answers,
    changed_names,
    ignore_gone,
)
from localcloud.cloudformation.providers.conversion import parameters
from localcloud.json_types import JsonObject
from localcloud.query_protocol import service_model


class BudgetProperties(TypedDict):
    """Besides the budget itself, NotificationsWithSubscribers and ResourceTags as the API has them."""

    Budget: JsonObject


class Budget(Provider[BudgetProperties]):
    """AWS::Budgets::Budget; the API requires the account in every call."""

    def replaces(self, changed: set[str]) -> bool:
        return "NotificationsWithSubscribers" in changed

    def create(self, request: Request, properties: BudgetProperties) -> Outcome:
        shape = service_model("budgets").operation_model("CreateBudget").input_shape
        budget: JsonObject = {"BudgetName": request.generated_name(100), **properties["Budget"]}
        values = {**properties, "AccountId": request.account_id, "Budget": budget}
        assert shape is not None
        request.client("budgets").create_budget(**parameters(values, shape, request.type))
        return Outcome(str(budget["BudgetName"]))

    def update(
        self, request: Request, physical_id: str, properties: BudgetProperties, previous: BudgetProperties
    ) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        # moto has no UpdateBudget: delete the budget and create it again under its name.
        name = properties["Budget"].get("BudgetName", physical_id)
        if name == physical_id:
            self.delete(request, physical_id, previous)
        return self.create(request, {**properties, "Budget": {**properties["Budget"], "BudgetName": name}})

    def delete(self, request: Request, physical_id: str, properties: BudgetProperties) -> None:
        budgets = request.client("budgets")
        ignore_gone(lambda: budgets.delete_budget(AccountId=request.account_id, BudgetName=physical_id))

    def exists(self, client: ClientFactory, physical_id: str, properties: BudgetProperties) -> bool:
        account = client("sts").get_caller_identity()["Account"]
        return answers(lambda: client("budgets").describe_budget(AccountId=account, BudgetName=physical_id))


PROVIDERS: dict[str, AnyProvider] = {
    "AWS::Budgets::Budget": Budget(),
}

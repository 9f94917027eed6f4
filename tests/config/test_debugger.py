"""SageMaker Debugger's accounts, as the SDK has them."""

from __future__ import annotations

import pytest
from sagemaker.core import image_uris

from config.debugger import RULES_ACCOUNTS, rules_image


def test_the_accounts_are_those_of_the_sdk() -> None:
    assert image_uris.config_for_framework("debugger")["versions"]["latest"]["registries"] == RULES_ACCOUNTS


@pytest.mark.parametrize("region", RULES_ACCOUNTS)
def test_a_regions_image_is_the_sdks(region: str) -> None:
    assert rules_image(region) == image_uris.retrieve("debugger", region)

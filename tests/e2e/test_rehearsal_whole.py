"""The rehearsal at length: every change by itself, and a first deploy that fails at the end of each stack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kennel.cloud.session import ROLES
from tests.e2e import rehearsal
from tests.e2e.rehearsal import CHANGES, Change, Rehearsal

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def deployed_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with rehearsal.account(tmp_path_factory.mktemp("rehearsal")) as made:
        made.kennel("deploy")
        yield made


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_by_itself(deployed_account: Rehearsal, change: Change) -> None:
    assert CHANGES[change] <= deployed_account.deploy_after(change)


@pytest.mark.parametrize("role", ROLES)
def test_a_first_deploy_that_fails_does_not_block_the_second(tmp_path: Path, role: str) -> None:
    with rehearsal.account(tmp_path) as account:
        with account.breaking(role):
            failed = account.kennel("deploy", check=False)
            assert failed.returncode != 0 and rehearsal.BROKEN in failed.stdout + failed.stderr
        account.kennel("deploy")
        assert account.stack_statuses() == {"CREATE_COMPLETE"}
        account.kennel("destroy", "--yes")
        assert account.leftovers() == {}

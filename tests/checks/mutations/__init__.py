"""One mutation at a time: the control that must notice, and what is taken away from the prod templates."""

from tests.checks.mutations import iam, jobs, network, orchestration, serving, storage
from tests.checks.mutations.mutant import MUTATIONS, Mutant

__all__ = ["MUTATIONS", "Mutant", "iam", "jobs", "network", "orchestration", "serving", "storage"]

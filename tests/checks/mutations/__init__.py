"""Mutations of the prod templates, one at a time, each with the control that must find it."""

from tests.checks.mutations import iam, jobs, network, orchestration, principals, serving, storage
from tests.checks.mutations.mutant import MUTATIONS, Mutant

__all__ = ["MUTATIONS", "Mutant", "iam", "jobs", "network", "orchestration", "principals", "serving", "storage"]

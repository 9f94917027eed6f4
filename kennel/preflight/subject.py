"""What the checks look at: one environment's session, its stacks, and their templates with references resolved."""

from __future__ import annotations

from functools import cached_property

from checks.assembly import Assembly
from config.app import AppConfig
from kennel.cloud import assembly
from kennel.cloud.change_sets import Planner
from kennel.cloud.session import Session
from kennel.preflight.project import Templates


class Subject:
    """The templates are those that were synthesized before the session was there."""

    def __init__(self, session: Session, templates: Templates) -> None:
        self.session = session
        self._templates = templates
        self.planner = Planner(session)

    @property
    def config(self) -> AppConfig:
        return self.session.config

    @property
    def local(self) -> bool:
        return self.config.cloud == "local"

    @cached_property
    def stacks(self) -> tuple[assembly.Stack, ...]:
        return assembly.read(self._templates.folder, self.session)

    @cached_property
    def resolved(self) -> Assembly:
        """The templates with references resolved across stacks, as `python -m checks` reads them."""
        return Assembly({stack.name: stack.template for stack in self.stacks})

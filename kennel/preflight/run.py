"""Run the checks: one that AWS or the local cloud will not answer is not checkable, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from imgcls.contract.failures import service_errors
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.preflight import checks
from kennel.preflight.finding import Finding, Level, error, unknown
from kennel.preflight.never_run import FREE, Row, rows
from kennel.preflight.project import Templates
from kennel.preflight.subject import Subject
from kennel.workspace import project

_NOT_EMULATED = "localcloud does not emulate"
_NOT_YET = "this asks the account: run the preflight again once the credentials above are right"


@dataclass(frozen=True)
class Result:
    """What one check found."""

    check: str
    about: str
    findings: tuple[Finding, ...]
    settles: str = ""

    @property
    def settled(self) -> str:
        """The row of docs/never-run.md that it proved, or nothing."""
        return self.settles if all(finding.level is Level.OK for finding in self.findings) else ""


def run(environment: str, *, begin: Callable[[str], None] = lambda about: None) -> Iterator[Result]:
    """Every check of an environment; `begin` hears what is looked at next."""
    for here in checks.MACHINE:
        begin(here.about)
        yield Result(here.id, here.about, tuple(here.find()))
    templates = Templates(project.config(environment))
    for known in checks.PROJECT:
        begin(known.about)
        yield Result(known.id, known.about, tuple(_findings(partial(known.find, templates))))
    yield from _of_the_account(templates, begin)


def _of_the_account(templates: Templates, begin: Callable[[str], None]) -> Iterator[Result]:
    first, *others = checks.ACCOUNT
    begin(first.about)
    opened = _open(templates.config.environment)
    if isinstance(opened, Finding):
        yield Result(first.id, first.about, (opened,))
        for check in others:
            yield Result(check.id, check.about, (unknown(_NOT_YET),))
        return
    subject = Subject(opened, templates)
    for check in (first, *others):
        begin(check.about)
        settles = "" if subject.local else check.settles
        yield Result(check.id, check.about, tuple(_findings(partial(check.find, subject))), settles)


def _open(environment: str) -> Session | Finding:
    """The session, or why there is none."""
    try:
        return Session(environment)
    except NoCredentialsError:
        return error("there are no AWS credentials: log in, for example with `aws login`")
    except KennelError as failure:
        return error(str(failure))
    except (BotoCoreError, ClientError) as failure:
        return error(f"the credentials cannot be used, log in again, for example with `aws login`: {failure}")


def _findings(find: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from find()
    except ClientError as failure:
        yield _refused(failure)
    except BotoCoreError as failure:
        yield unknown(f"AWS could not be asked: {failure}")
    except KennelError as failure:
        yield error(str(failure))


def _refused(failure: ClientError) -> Finding:
    details = failure.response["Error"]
    if details.get("Message", "").startswith(_NOT_EMULATED):
        return unknown(details["Message"])
    if service_errors.is_denied(failure.response):
        return unknown(f"the credentials may not call {failure.operation_name}: ask with a role that may read it")
    return unknown(f"{failure.operation_name} answered {details['Code']}: {details.get('Message', '')}")


def open_rows(settled: set[str]) -> list[Row]:
    """The rows of docs/never-run.md that nothing here proved."""
    return [row for row in rows() if row.id not in settled]


def settled_free(results: list[Result]) -> set[str]:
    """The rows that the checks proved, of those that the page says a free check can."""
    free = {row.id for row in rows() if row.settled_by == FREE}
    return {result.settled for result in results} & free

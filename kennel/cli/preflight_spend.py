"""`kennel preflight --spend USD`: the smallest real run, priced before and deleted after."""

from __future__ import annotations

import time

from config.project_file.project import Project
from kennel.cli.finding_lines import print_result
from kennel.cli.output import console, duration, errors
from kennel.errors import KennelError
from kennel.preflight.finding import Finding, error, ok
from kennel.preflight.run import Result
from kennel.preflight.spend import price, project
from kennel.preflight.spend import run as smoke
from kennel.workspace import project as projects

CHECK = "spend"


def run(environment: str, limit_usd: float, *, quiet: bool) -> tuple[Result, set[str]]:
    """What came out, and the rows that it settled. Raises KennelError before anything is made if it could cost more."""
    config = projects.config(environment)
    path = project.write(config)
    own = Project.load(path).config(project.ENVIRONMENT)
    usd = price.require(own, limit_usd)
    if not quiet:
        console.print(f"\nThe smallest run costs at most ${usd:.2f} (limit ${limit_usd:g}), by {path}", markup=False)
    findings, settled, began = [], set(), time.monotonic()
    with errors.status("the smallest run") as status:

        def begin(title: str) -> None:
            status.update(f"the smallest run: {title}")
            if not quiet:
                status.stop()  # what is printed would go on in its line
                console.print(f"  {duration(time.monotonic() - began):>7}  {title}", style="dim", markup=False)
                status.start()

        def told(sentence: str) -> None:
            findings.append(_left(sentence, path))

        command = smoke.Command(path, path.with_name("smoke.log"))
        try:
            for row in smoke.run(own, command, begin=begin, told=told):
                settled.add(row)
        except KennelError as failure:
            findings.append(error(str(failure)))
        except KeyboardInterrupt:
            print_result(Result(CHECK, "", tuple(findings) or (ok("interrupted; all of it is deleted"),)), errors)
            raise
    if not findings:
        findings.append(ok(f"every kind of job ran, and all of it is deleted ({duration(time.monotonic() - began)})"))
    result = Result(CHECK, "the smallest run", tuple(findings))
    if not quiet:
        print_result(result, console)
    return result, set() if own.cloud == "local" else settled


def _left(sentence: str, path: object) -> Finding:
    command = f"kennel destroy --yes --env {project.ENVIRONMENT} --project {path}"
    return error(f"not everything is deleted; run `{command}`: {sentence}")

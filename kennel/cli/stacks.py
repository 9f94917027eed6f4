"""`kennel deploy / destroy / diff / synth`: the CDK CLI with the right environment, and its changes in words."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from config import notify
from config.app import AppConfig
from config.base import nearest
from kennel.cli.diff_words import print_effects, to_json
from kennel.cli.output import AsJson, Environment, console, print_json
from kennel.cloud import assembly, exports, teardown
from kennel.cloud import diff as differences
from kennel.cloud.assembly import run_cdk
from kennel.cloud.change_sets import Planner
from kennel.cloud.session import ROLES, Session
from kennel.errors import KennelError
from kennel.workspace import clone, project

LOSES_DATA = 2
"""Exit code of a diff that deletes or replaces what holds data."""

Approved = Annotated[
    str | None, typer.Option(metavar="HASH", help="deploy what `kennel diff` printed this hash for, and nothing else")
]

Chosen = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help=f"only this stack, of {', '.join(ROLES)}; may be given again")
]


def register(app: typer.Typer) -> None:
    app.command()(deploy)
    app.command()(destroy)
    app.command()(diff)
    app.command()(synth)


def deploy(approved: Approved = None, stack: Chosen = None, env: Environment = "local") -> None:
    """Deploy all stacks. A strict environment asks first, or needs the hash of a reviewed diff."""
    session = Session(env)
    _refuse_example_addresses(session.config)
    what = ["deploy", "--exclusively", *_named(session, stack)] if stack else ["deploy", "--all"]
    asks = session.config.strict and approved is None
    if asks and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise KennelError(
            f"{env} is strict, and there is no terminal to ask at: review `kennel diff --env {env}` and hand over the "
            f"hash that it prints: kennel deploy --env {env} --approved HASH"
        )
    stacks, planner = assembly.synthesize(session), Planner(session)
    if approved is not None:
        _require_approved(session, approved, planner, stacks)
    conflicts = exports.conflicts(planner, stacks)
    # Stacks one at a time are the way out of exports in use, and of nothing else.
    _refuse_conflicts([one for one in conflicts if not stack or (one.stack in what and not one.exports)], env)
    # The CDK CLI can only ask about one stack at a time.
    how = ["--require-approval", "broadening", "--concurrency", "1"] if asks else _UNASKED
    raise typer.Exit(run_cdk(session, [*what, *how], synthesized=True))


_UNASKED = ["--require-approval", "never", "--concurrency", "2"]


def destroy(
    env: Environment = "local",
    stack: Chosen = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Delete all stacks. What the environment retains (prod's buckets and key) stays."""
    session = Session(env)
    names = _named(session, stack or ())
    teardown.require_unprotected(session, names)
    if not yes and session.config.cloud != "local":
        what = f"{', '.join(names)} and the stacks that need them" if names else "every stack"
        typer.confirm(f"Delete {what} of {session.config.prefix}?", abort=True)
    if not names:
        teardown.before_destroy(session)
    domains = teardown.domains(session)
    code = run_cdk(session, ["destroy", *(names or ["--all"]), "--force"])
    if code == 0 and not names:
        teardown.after_destroy(session)
    if code == 0:
        teardown.remove_groups(session, domains)
    for sentence in teardown.left(session) if code else ():
        typer.echo(f"{sentence}; run the same command again", err=True)
    raise typer.Exit(code)


def diff(
    lines: Annotated[bool, typer.Option("--lines", help="every line that changes, as `cdk diff` prints it")] = False,
    templates_only: Annotated[
        bool, typer.Option("--templates-only", help="compare templates, for credentials that may only read them")
    ] = False,
    env: Environment = "local",
    as_json: AsJson = False,
) -> None:
    """Say what a deploy would delete, replace, change and make. Exit code 2 if what holds data would go."""
    session = Session(env)
    stacks = assembly.synthesize(session)
    planner = Planner(session, templates_only=templates_only)
    plans = [planner.plan(stack, stacks) for stack in stacks]
    found, fingerprint = differences.effects(plans), differences.fingerprint(planner, stacks)
    conflicts = exports.conflicts(planner, stacks, plans)
    if as_json:
        print_json(to_json(plans, found, fingerprint, conflicts, env))
    else:
        if lines or any(plan.exists for plan in plans):
            shown = [] if lines else ["--security-only"]
            run_cdk(session, ["diff", "--method", "template", "--quiet", *shown], synthesized=True)
        print_effects(plans, found)
        console.print(f"\nHash of this diff: {fingerprint}", markup=False)
        if session.config.strict and not conflicts and not any(plan.error for plan in plans):
            console.print(f"Once reviewed: kennel deploy --env {env} --approved {fingerprint}", markup=False)
    if failed := [plan for plan in plans if plan.error]:
        raise KennelError(f"CloudFormation refuses {failed[0].stack.name}: {failed[0].error}")
    _refuse_conflicts(conflicts, env)
    if any(item.severity is differences.Severity.LOST for item in found):
        raise typer.Exit(LOSES_DATA)


def synth(
    env: Environment = "local",
    output: Annotated[Path | None, typer.Option(help="where the templates go")] = None,
    region: Annotated[str | None, typer.Option(help="another region than the environment's")] = None,
) -> None:
    """Write the templates; needs no account and no network."""
    chosen = project.load()
    chosen.config(env, region)  # a mistake is said in one sentence, without the CDK CLI's own lines around it
    code = clone.cdk(
        ["synth", "--quiet", *(["--context", f"region={region}"] if region else [])],
        project=chosen.path,
        environment_name=env,
        variables=os.environ,
        output=(output or chosen.path.parent / "cdk.out").resolve(),
    )
    raise typer.Exit(code)


def _named(session: Session, roles: Sequence[str]) -> list[str]:
    """The full names of the stacks that were chosen. Raises KennelError for a role that no stack has."""
    for role in roles:
        if role not in ROLES:
            raise KennelError(f"{role!r} is not a stack; {nearest(role, ROLES)}")
    return [f"{session.config.stack_prefix}-{role}" for role in roles]


def _refuse_conflicts(conflicts: Sequence[exports.Conflict], env: str) -> None:
    if conflicts:
        raise KennelError("\n".join(conflict.sentence(env) for conflict in conflicts))


def _require_approved(session: Session, approved: str, planner: Planner, stacks: Sequence[assembly.Stack]) -> None:
    """Raises KennelError unless the diff of now has the hash of the one that was reviewed."""
    current = differences.fingerprint(planner, stacks)
    if current != approved:
        env = session.config.environment
        raise KennelError(
            f"the diff that was approved ({approved}) is not the current one ({current}): code, project file or stacks "
            f"changed since; review `kennel diff --env {env}` again and hand over its hash"
        )


def _refuse_example_addresses(config: AppConfig) -> None:
    """In a rehearsal too, which is to fail where the environment that it rehearses would."""
    if config.unreachable:
        raise KennelError(notify.unconfirmable(config.environment, config.unreachable))

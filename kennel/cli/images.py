"""`kennel images`: the images of others that an environment builds on."""

from __future__ import annotations

from config import base_images
from kennel.cli.group import Group
from kennel.cli.output import AsJson, Environment, console, errors, print_json, print_table
from kennel.cloud.base_images import digest
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.workspace import project

app = Group(help="Base images.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Base images."""


@app.command()
def refresh(env: Environment = "local", as_json: AsJson = False) -> None:
    """Ask for today's digests of the base images and write them to config/images.lock.json; the next deploy builds."""
    config = project.config(env)
    images = base_images.needed(config)
    if not images:
        raise KennelError(f"{env} has given images and builds on no others: choose an environment with --env")
    if config.cloud == "local":
        raise KennelError(f"{env} is in the local cloud, which has no images of others: choose another with --env")
    known, client = base_images.read_lock(), Session(env).client("ecr")
    with errors.status("Asking the registries"):
        found = {image: digest(image, client) for image in images}
    base_images.write_lock({**known, **found})
    if as_json:
        print_json([{"image": image, "before": known.get(image), "now": now} for image, now in found.items()])
        return
    print_table(("image", "digest", ""), [(image, now, _change(known.get(image), now)) for image, now in found.items()])
    console.print(f"{base_images.LOCK.name} is written: review the difference and commit it")


def _change(before: str | None, now: str) -> str:
    return "new" if before is None else "as before" if before == now else "changed"

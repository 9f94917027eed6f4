"""The root of the command: its groups, and what a mistake looks like."""

from __future__ import annotations

import sys

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from config.base import ConfigError
from imgcls.contract import disk_space
from kennel.cli import (
    batch,
    bootstrap_policy,
    config,
    conformance,
    cost,
    data,
    endpoint,
    images,
    init,
    local,
    model_import,
    model_promotion,
    models,
    pipeline,
    predict,
    preflight,
    stacks,
    weights,
)
from kennel.cli import open as open_
from kennel.cli.group import Group
from kennel.cli.output import errors
from kennel.errors import KennelError

app = Group(
    name="kennel",
    help="Image classification on Amazon SageMaker as code.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(local.app, name="local")
app.add_typer(data.app, name="data")
app.add_typer(pipeline.app, name="pipeline")
app.add_typer(models.app, name="models")
app.add_typer(weights.app, name="weights")
app.add_typer(images.app, name="images")
app.add_typer(endpoint.app, name="endpoint")
app.add_typer(open_.app, name="open")
app.add_typer(config.app, name="config")
init.register(app)
stacks.register(app)
preflight.register(app)
bootstrap_policy.register(app)
predict.register(app)
cost.register(app)
batch.register(app)
conformance.register(app, models.app)
model_import.register(models.app)
model_promotion.register(models.app)


def main() -> None:
    """Run the command. A mistake of the user's is one sentence on stderr and exit code 1."""
    try:
        app()
    except (KennelError, ConfigError) as error:
        sys.exit(_fail(str(error)))
    except OSError as error:
        if (sentence := disk_space.sentence(error)) is None:
            raise
        sys.exit(_fail(sentence))
    except NoCredentialsError:
        sys.exit(_fail("AWS credentials are missing: log in, or work without an account with --env local"))
    except (ClientError, BotoCoreError) as error:
        sys.exit(_fail(f"AWS answered: {error}"))
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(sentence: str) -> int:
    errors.print(sentence, style="red", markup=False)
    return 1

"""How a resource fails: the errors of providers, and the one line that a stack's events show for them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.cloudformation.providers.base import ProviderError
from localcloud.cloudformation.stacks import Resource
from localcloud.errors import AwsError, own_failure

log = logging.getLogger(__name__)

# The service refuses, the call is malformed, the template refers to something that does not exist.
FAILURES = (ProviderError, ClientError, BotoCoreError, AwsError)


@contextlib.contextmanager
def named_failures(resource: Resource) -> Iterator[None]:
    """Turn a missing property, or a defect of a provider, into the failure of one resource."""
    try:
        yield
    except FAILURES:
        raise
    except KeyError as error:
        if error.args[0] in resource.properties:
            raise
        raise ProviderError(f"{resource.type} needs the property {error.args[0]}") from error
    except Exception as error:
        log.exception("provider of %s failed", resource.type)
        raise ProviderError(own_failure(error)) from error


def describe_error(error: Exception) -> str:
    """One line for a status reason."""
    if isinstance(error, ClientError):
        details = error.response["Error"]
        return f"{details.get('Message', '')} (Service: {error.operation_name}, Error Code: {details.get('Code', '')})"
    return error.message if isinstance(error, AwsError) else str(error)

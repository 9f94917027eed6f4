"""The local cloud: an AWS endpoint on localhost that really runs the jobs."""

from localcloud.cloud import LocalCloud
from localcloud.context import Cloud, ImageCommand
from localcloud.errors import AwsError

__all__ = ["AwsError", "Cloud", "ImageCommand", "LocalCloud"]

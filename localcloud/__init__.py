"""The local cloud: an AWS endpoint on localhost that really runs the jobs."""

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.image_table import ImageCommand
from localcloud.lifecycle import LocalCloud

__all__ = ["AwsError", "Cloud", "ImageCommand", "LocalCloud"]

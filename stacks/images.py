"""The Images stack: the three images that jobs and the endpoint run, and their sources."""

from __future__ import annotations

from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from config import base_images
from config.app import AppConfig
from stacks.base import PlatformStack
from stacks.constructs.assets import function_code, image_source
from stacks.constructs.container_image import ContainerImage, PlatformImages
from stacks.constructs.image_build import ImageBuild
from stacks.constructs.store import Store


class ImagesStack(PlatformStack):
    """`images`: the images of jobs and model."""

    def __init__(self, scope: Construct, config: AppConfig, *, store: Store) -> None:
        super().__init__(scope, "Images", config, purpose="images of the jobs and of the endpoint")
        digests = base_images.read_lock()
        training = config.images.training_uri or base_images.pinned(base_images.training_image(config), digests)
        own = self._own_images(config, store, digests)
        self.images = PlatformImages(ContainerImage.given(self, training), *own)
        for name, image in vars(self.images).items():
            ssm.CfnParameter(
                self, name.capitalize(), type="String", value=image.uri, description=f"The {name} image in use"
            )

    def _own_images(
        self, config: AppConfig, store: Store, digests: dict[str, str]
    ) -> tuple[ContainerImage, ContainerImage]:
        images = config.images
        if images.source == "uri":
            return ContainerImage.given(self, images.jobs_uri or ""), ContainerImage.given(
                self, images.serving_uri or ""
            )
        bases = {
            "TRAINING_IMAGE": base_images.pinned(base_images.jobs_base(config), digests),
            "PYTHON_IMAGE": base_images.pinned(base_images.PYTHON_IMAGE, digests),
        }
        if images.source == "docker":
            return self._docker_image("jobs", bases, images.rebuild), self._docker_image(
                "serving", bases, images.rebuild
            )
        build = ImageBuild(
            self,
            "Build",
            prefix=config.prefix,
            key=store.key,
            topic=store.topic,
            code=function_code(self, {}),
            log_retention_days=config.monitoring.log_retention_days,
            bases=bases,
            rebuild=images.rebuild,
        )
        return build.jobs, build.serving

    def _docker_image(self, target: str, bases: dict[str, str], rebuild: str) -> ContainerImage:
        asset = ecr_assets.DockerImageAsset(
            self,
            f"{target.capitalize()}Asset",
            directory=str(image_source(self)),
            target=target,
            build_args=bases,
            extra_hash=rebuild or None,
            platform=ecr_assets.Platform.LINUX_AMD64,
            # SageMaker does not take OCI manifests, which Docker 29 writes unless it is asked for its own format.
            outputs=["type=docker"],
        )
        return ContainerImage(asset.image_uri, asset.repository.repository_arn)

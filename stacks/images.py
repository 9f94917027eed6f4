"""The Images stack: the three images that jobs and the endpoint run, and their sources."""

from __future__ import annotations

from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from config.app import AppConfig
from stacks.base import PlatformStack
from stacks.constructs.assets import function_code, image_source
from stacks.constructs.container_image import ContainerImage, PlatformImages, stock_training_image
from stacks.constructs.image_build import ImageBuild
from stacks.constructs.store import Store

JOBS_BASE_INSTANCE = "ml.m5.large"
"""Any CPU type: the jobs image is based on the stock CPU training image."""


class ImagesStack(PlatformStack):
    """`images`: the images of jobs and model."""

    def __init__(self, scope: Construct, config: AppConfig, *, store: Store) -> None:
        super().__init__(scope, "Images", config, purpose="images of the jobs and of the endpoint")
        self.images = PlatformImages(self._training_image(config), *self._own_images(config, store))
        for name, image in vars(self.images).items():
            ssm.CfnParameter(
                self, name.capitalize(), type="String", value=image.uri, description=f"The {name} image in use"
            )

    def _training_image(self, config: AppConfig) -> ContainerImage:
        if config.images.training_uri:
            return ContainerImage.given(self, config.images.training_uri)
        return stock_training_image(self, config.region, config.images.pytorch_version, config.training.instance_type)

    def _own_images(self, config: AppConfig, store: Store) -> tuple[ContainerImage, ContainerImage]:
        images = config.images
        if images.source == "uri":
            return ContainerImage.given(self, images.jobs_uri or ""), ContainerImage.given(
                self, images.serving_uri or ""
            )
        base = stock_training_image(self, config.region, images.pytorch_version, JOBS_BASE_INSTANCE)
        if images.source == "docker":
            return self._docker_image("jobs", base), self._docker_image("serving", base)
        build = ImageBuild(
            self,
            "Build",
            key=store.key,
            topic=store.topic,
            code=function_code(self, {}),
            log_retention_days=config.monitoring.log_retention_days,
            base=base,
            retain=config.storage.retain,
        )
        return build.jobs, build.serving

    def _docker_image(self, target: str, base: ContainerImage) -> ContainerImage:
        asset = ecr_assets.DockerImageAsset(
            self,
            f"{target.capitalize()}Asset",
            directory=str(image_source(self)),
            target=target,
            build_args={"TRAINING_IMAGE": base.uri},
        )
        return ContainerImage(asset.image_uri, asset.repository.repository_arn)

"""A small project file that tests change in one place."""

from __future__ import annotations

from pathlib import Path

from config.project_file.project import Project
from config.project_file.reader import parse

TEXT = """\
project: flowers
notify: [team@example.com]
environments:
  local: {preset: laptop}
  dev:
    preset: small
    account: "111122223333"
    region: eu-central-1
    endpoint: {instance_type: ml.c7i.large}
datasets:
  flowers: {layout: classes}
models:
  flower-classifier:
    dataset: flowers
    network: resnet18
    hyperparameters: {epochs: 20}
    search:
      space:
        lr: {low: 0.001, high: 0.1, scale: log}
    on:
      local: {weights: none}
"""


def project(*changes: tuple[str, str], text: str = TEXT) -> Project:
    """The project of `text` with every (old, new) applied; each old text stands in it."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return Project(parse(text, Path("kennel.yaml")))


def check(*changes: tuple[str, str], text: str = TEXT) -> None:
    """Resolve every environment. Raises ConfigError."""
    changed = project(*changes, text=text)
    for environment in changed.environments:
        changed.config(environment)

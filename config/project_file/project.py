"""A project: `kennel.yaml`, and the checked configuration of each of its environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config import prices
from config.app import AppConfig
from config.base import LOCAL_ACCOUNT, ConfigError, nearest
from config.presets import PRESETS
from config.project_file.findings import Findings
from config.project_file.layers import Layers
from config.project_file.reader import Document, Path_, read

FILE = "kennel.yaml"
CLONE = Path(__file__).resolve().parents[2]
"""The clone of the product, whose own file declares the four kinds of project that it comes with."""
_KEYS = ("project", "notify", "default_models", "environments", "datasets", "models")
_REQUIRED = ("project", "environments", "datasets", "models")
_RESERVED = ("project", "environment", "datasets", "models")
"""Keys of the resolved tree that an environment does not set."""


@dataclass(frozen=True)
class Resolved:
    """One environment's configuration, and where each value that is not a default comes from."""

    config: AppConfig
    layers: Layers


class Project:
    """The project of one file. Every mistake is a ConfigError: one sentence with file, line, field and fix."""

    def __init__(self, document: Document) -> None:
        self._document = document
        values = document.values
        for key in values:
            if key not in _KEYS:
                raise self._mistake((key,), f"{key} is not a key of a project file; {nearest(key, _KEYS)}")
        for key in _REQUIRED:
            if key not in values:
                raise self._mistake((), f"{key} is missing: `kennel init` writes a whole file")
        for key in ("environments", "datasets", "models"):
            self._check_mapping((key,), values[key])
        for key in ("environments", "datasets", "models"):
            for name, entry in values[key].items():
                self._check_mapping((key, name), entry)
        self._check_presets(values["environments"])
        self._check_changes(values)

    @classmethod
    def load(cls, path: Path | str | None = None) -> Project:
        """The project of a file or of the folder that has one; without `path`, of the nearest folder above."""
        if path is None:
            found = find(Path.cwd())
            if found is None:
                raise ConfigError(f"there is no {FILE} in {Path.cwd()} or above: write one with `kennel init`")
            return cls(read(found))
        path = Path(path)
        return cls(read(path / FILE if path.is_dir() else path))

    @property
    def path(self) -> Path:
        return self._document.path

    @property
    def name(self) -> str:
        return str(self._document.values["project"])

    @property
    def environments(self) -> tuple[str, ...]:
        return tuple(self._document.values["environments"])

    def config(self, environment: str, region: str | None = None) -> AppConfig:
        """The configuration of `environment`, in `region` if given. Raises ConfigError, one sentence per finding."""
        return self.resolve(environment, region).config

    def resolve(self, environment: str, region: str | None = None) -> Resolved:
        """The same with the origin of every value. Raises ConfigError with one sentence per finding."""
        if environment not in self.environments:
            raise ConfigError(
                f"{environment!r} is not an environment of {self.path.name}; {nearest(environment, self.environments)}"
            )
        layers = self._layers(environment)
        if region:
            layers.add({"region": region}, lambda path: "--region")
        tree = {**layers.values}
        for key in ("datasets", "models"):
            tree[key] = [{"name": name, **entry} for name, entry in tree[key].items()]
        try:
            checked = AppConfig.model_validate(tree, by_alias=True, by_name=False)
        except ValidationError as error:
            raise Findings(self._document, environment, layers).explain(error) from None
        listed = prices.load(self.path.parent, checked.region)
        return Resolved(checked.model_copy(update={"prices": listed}), layers)

    def _layers(self, environment: str) -> Layers:
        values, layers = self._document.values, Layers()
        entry = values["environments"][environment]
        preset = entry["preset"]
        defaults = PRESETS[preset]()
        layers.add({"environment": environment}, lambda path: self._document.where(("environments", environment)))
        endpoint = f"{values['project']}-{environment}"
        layers.add({"endpoint": {"name": endpoint}}, lambda path: "project and environment")
        layers.add(defaults, lambda path: f"preset {preset}")
        if entry.get("cloud", defaults["cloud"]) == "local":
            layers.add({"account": LOCAL_ACCOUNT}, lambda path: "the local cloud")
        network = entry.get("network")
        if isinstance(network, Mapping) and "vpc_id" in network:
            # A preset is about the VPC that is made where there is none.
            layers.forget(("network",))
        self._add(layers, (), {"project": values["project"]})
        if "notify" in values:
            self._add(layers, (), {"notify": values["notify"]})
        if "default_models" in values:
            models = values["default_models"]
            layers.add({"pipeline": {"default_models": models}}, lambda path: self._document.where(("default_models",)))
        self._add(layers, ("environments", environment), entry)
        for kind in ("datasets", "models"):
            for name, spec in values[kind].items():
                self._add_spec(layers, (kind, name), spec, environment)
        return layers

    def _add_spec(self, layers: Layers, path: Path_, spec: Mapping[str, Any], environment: str) -> None:
        kind, name = path
        plain = {key: value for key, value in spec.items() if key != "on"}
        layers.add({kind: {name: plain}}, self._document.where)
        changes = spec.get("on", {}).get(environment, {})
        for parameter in (
            changes.get("search", {}).get("space", {}) if isinstance(changes.get("search"), Mapping) else ()
        ):
            # A range is one value: limits of one kind must not stay beside those of another.
            layers.forget((kind, name, "search", "space", parameter))
        layers.add({kind: {name: changes}}, lambda leaf: self._document.where((*path, "on", environment, *leaf[2:])))

    def _add(self, layers: Layers, below: Path_, values: Mapping[str, Any]) -> None:
        layers.add(values, lambda path: self._document.where((*below, *path)))

    def _check_mapping(self, path: Path_, value: Any) -> None:
        name = ".".join(path)
        if value is None:
            raise self._mistake(path, f"{name} is empty: write its keys below it, further to the right")
        if not isinstance(value, Mapping):
            raise self._mistake(path, f"{name} is {value!r}; write its keys below it, further to the right")
        if not value:
            raise self._mistake(path, f"{name} is empty: write at least one key below it")

    def _check_presets(self, environments: Mapping[str, Any]) -> None:
        for name, entry in environments.items():
            path = ("environments", name)
            if "preset" not in entry:
                raise self._mistake(path, f"environments.{name}.preset is missing; choose from {', '.join(PRESETS)}")
            if entry["preset"] not in PRESETS:
                preset = entry["preset"]
                raise self._mistake(
                    (*path, "preset"), f"environments.{name}.preset is {preset!r}; {nearest(str(preset), PRESETS)}"
                )
            for key in _RESERVED:
                if key in entry:
                    raise self._mistake((*path, key), f"environments.{name} cannot set {key}: write it at the top")
            if "prices" in entry:
                raise self._mistake((*path, "prices"), f"prices stand in {prices.FILE}: run `kennel cost --refresh`")

    def _check_changes(self, values: Mapping[str, Any]) -> None:
        for kind in ("datasets", "models"):
            for name, spec in values[kind].items():
                path = (kind, name, "on")
                if "on" not in spec:
                    continue
                self._check_mapping(path, spec["on"])
                for environment, changes in spec["on"].items():
                    if environment not in self.environments:
                        hint = nearest(environment, self.environments)
                        raise self._mistake((*path, environment), f"{'.'.join(path)} has {environment!r}; {hint}")
                    self._check_mapping((*path, environment), changes)

    def _mistake(self, path: Path_, sentence: str) -> ConfigError:
        return ConfigError(f"{self._document.where(path)}: {sentence}")


def find(start: Path) -> Path | None:
    """The file of the nearest folder, from `start` upwards."""
    folders = (start, *start.parents)
    return next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)

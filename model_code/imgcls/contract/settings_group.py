"""Groups of hyperparameters: frozen dataclasses in which one field declares all that there is to a hyperparameter."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from typing import Any, ClassVar, Literal, Self, TypeVar, get_args, get_origin, get_type_hints

from imgcls.contract.hyperparameter import Hyperparameter, Value

T = TypeVar("T")


def option(
    default: T,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    tunable: bool = False,
    resume_safe: bool = False,
) -> T:
    """A field that is a hyperparameter; see `Hyperparameter`. A `Literal` as its type gives the choices."""
    declared = {
        "default": default, "help": help, "low": low, "high": high, "choices": choices, "tunable": tunable,
        "resume_safe": resume_safe,
    }  # fmt: skip
    made: T = field(default=default, metadata=declared)
    return made


def json_option(read: Callable[[Mapping[str, Any]], T], help: str, *, resume_safe: bool = False) -> T:
    """A field that `read` makes of a JSON object; it raises ValueError. The default is what it makes of an empty one.

    Anything but a mapping has a `to_dict`, of which `read` makes the same again.
    """
    declared = {"default": {}, "help": help, "resume_safe": resume_safe, "read": read}
    made: T = field(default_factory=lambda: read({}), metadata=declared)
    return made


class Group:
    """Base of a frozen dataclass of hyperparameters. The field `batch_size` is the hyperparameter `batch-size`."""

    title: ClassVar[str]
    """Heading of the group in `train.py --help`."""

    @classmethod
    def hyperparameters(cls) -> tuple[Hyperparameter, ...]:
        """In the order of the fields."""
        return tuple(cls._declared().values())

    @classmethod
    def from_hyperparameters(cls, values: Mapping[str, Any]) -> Self:
        """The group of those among `values`, by hyperparameter name, that are its own. Raises HyperparameterError."""
        given = {name: item for name, item in cls._declared().items() if item.name in values}
        return cls(**{name: item.typed(item.parse(values[item.name])) for name, item in given.items()})

    def to_hyperparameters(self) -> dict[str, Value]:
        """Every value by hyperparameter name; `from_hyperparameters` makes an equal group of them."""
        return {item.name: self._plain(name, item) for name, item in self._declared().items()}

    def changed(self, values: Mapping[str, Any]) -> Self:
        """A copy with some values, by hyperparameter name, replaced. Raises HyperparameterError."""
        return self.from_hyperparameters({**self.to_hyperparameters(), **values})

    @classmethod
    def _declared(cls) -> Mapping[str, Hyperparameter]:
        """Field -> its hyperparameter."""
        return _declared(cls)  # type: ignore[arg-type]  # mypy takes a class for unhashable

    def _plain(self, name: str, item: Hyperparameter) -> Value:
        value: Any = getattr(self, name)
        if item.read is None:
            plain: Value = value
        elif value == item.read({}):
            plain = {}
        else:
            plain = dict(value) if isinstance(value, Mapping) else value.to_dict()
        return plain


@functools.cache
def _declared(group: type[Group]) -> Mapping[str, Hyperparameter]:
    hints = get_type_hints(group)
    return {
        item.name: _hyperparameter(item.name.replace("_", "-"), hints[item.name], item.metadata)
        for item in fields(group)  # type: ignore[arg-type]  # a subclass is a dataclass
    }


def _hyperparameter(name: str, kind: Any, declared: Mapping[str, Any]) -> Hyperparameter:
    if not declared:
        raise TypeError(f"{name} has neither a default nor a help: declare it by option(DEFAULT, HELP)")
    if get_origin(kind) is Literal:
        return Hyperparameter(**{**declared, "choices": get_args(kind)}, name=name, kind=str)
    if "read" not in declared and kind not in (int, float, str, bool):
        raise TypeError(f"{name} is neither a number, a text nor true or false: declare it by json_option(READ, HELP)")
    return Hyperparameter(**declared, name=name, kind=dict if "read" in declared else kind)

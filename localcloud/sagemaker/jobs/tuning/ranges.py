"""Hyperparameter ranges: parsed from a request, sampled by a search, and written as text for a trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.sagemaker.api.validation import refusal, validation_error
from localcloud.sagemaker.jobs.tuning.request import NumericParameterRange, ParameterRanges

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

# "Auto" lets the service choose the scale; here a range of two decades or more is searched logarithmically.
AUTO_LOGARITHMIC_RATIO = 100


@dataclass(frozen=True)
class CategoricalRange:
    """One of the given values, used exactly as given."""

    name: str
    values: tuple[str, ...]

    def distribution(self) -> BaseDistribution:
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.values)

    def text(self, sampled: str) -> str:
        return sampled

    def sampled(self, text: str) -> str | None:
        """The inverse of text(); None if `text` is not in the range."""
        return text if text in self.values else None


@dataclass(frozen=True)
class NumericRange:
    """A number between `low` and `high`, both included."""

    name: str
    low: float
    high: float
    scaling: str
    integer: bool

    @property
    def logarithmic(self) -> bool:
        if self.scaling == "Auto":
            return self.low > 0 and self.high / self.low >= AUTO_LOGARITHMIC_RATIO
        return self.scaling == "Logarithmic"

    def distribution(self) -> BaseDistribution:
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.integer:
            return IntDistribution(int(self.low), int(self.high), log=self.logarithmic)
        if self.scaling == "ReverseLogarithmic":
            return FloatDistribution(1 - self.high, 1 - self.low, log=True)
        return FloatDistribution(self.low, self.high, log=self.logarithmic)

    def text(self, sampled: float) -> str:
        if self.scaling == "ReverseLogarithmic":
            sampled = min(max(1 - sampled, self.low), self.high)
        return str(sampled)

    def sampled(self, text: str) -> float | None:
        """The inverse of text(); None if `text` is not in the range."""
        try:
            value = int(text) if self.integer else float(text)
        except ValueError:
            return None
        if not self.low <= value <= self.high:
            return None
        if self.scaling == "ReverseLogarithmic":
            return min(max(1 - value, 1 - self.high), 1 - self.low)
        return value


Range = CategoricalRange | NumericRange


def parse_ranges(ranges: ParameterRanges) -> list[Range]:
    """The ranges of a request; ValidationException for one that cannot be searched."""
    if ranges.get("AutoParameters"):
        raise refusal("ParameterRanges.AutoParameters", "give the parameters ranges of their own")
    parsed: list[Range] = [_numeric(entry, integer=True) for entry in ranges.get("IntegerParameterRanges", [])]
    parsed += [_numeric(entry, integer=False) for entry in ranges.get("ContinuousParameterRanges", [])]
    for entry in ranges.get("CategoricalParameterRanges", []):
        if len(set(entry["Values"])) < len(entry["Values"]):
            raise validation_error(f"The values of categorical parameter {entry['Name']} are not unique.")
        parsed.append(CategoricalRange(entry["Name"], tuple(entry["Values"])))
    names = [parameter.name for parameter in parsed]
    for name in names:
        if names.count(name) > 1:
            raise validation_error(f"Hyperparameter {name} has more than one range.")
    return parsed


def _numeric(entry: NumericParameterRange, *, integer: bool) -> NumericRange:
    name, scaling = entry["Name"], entry.get("ScalingType", "Auto")
    try:
        convert = int if integer else float
        low, high = convert(entry["MinValue"]), convert(entry["MaxValue"])
    except ValueError:
        kind = "an integer" if integer else "a number"
        raise validation_error(
            f"MinValue {entry['MinValue']} and MaxValue {entry['MaxValue']} of hyperparameter {name} must be {kind}."
        ) from None
    if low > high:
        raise validation_error(f"MinValue {low} of hyperparameter {name} is above its MaxValue {high}.")
    if scaling == "Logarithmic" and low <= 0:
        raise validation_error(f"Logarithmic scaling of hyperparameter {name} needs a MinValue above 0, not {low}.")
    if scaling == "ReverseLogarithmic" and (integer or not 0 <= low <= high < 1):
        raise validation_error(
            f"ReverseLogarithmic scaling of hyperparameter {name} needs a continuous range within 0 <= x < 1."
        )
    return NumericRange(name, low, high, scaling, integer)

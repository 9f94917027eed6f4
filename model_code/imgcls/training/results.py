"""What an epoch of training and a validation gave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainResult:
    """Means over an epoch's images; the learning rate is that of its last step."""

    loss: float
    accuracy: float
    learning_rate: float
    images_per_second: float
    data_wait_ratio: float


@dataclass(frozen=True)
class ValidationResult:
    """Mean cross-entropy in nats, and the share of images that were classified correctly."""

    loss: float
    accuracy: float

    def better_than(self, other: ValidationResult) -> bool:
        """By accuracy; by loss where accuracies are equal, which is common with a small validation split."""
        return (self.accuracy, -self.loss) > (other.accuracy, -other.loss)

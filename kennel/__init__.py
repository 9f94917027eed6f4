"""Kennel: image classification on Amazon SageMaker as code."""

from kennel.client.classifier import ImageClassifier, Prediction, ScoredLabel
from kennel.errors import KennelError

__all__ = ["ImageClassifier", "KennelError", "Prediction", "ScoredLabel"]

"""What the expressions of a state can see: its input as `$`, the context object as `$$`; payload templates."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass

from localcloud.json_types import JSON, JsonObject, as_text
from localcloud.stepfunctions.asl import intrinsics, json_path
from localcloud.stepfunctions.asl.errors import RUNTIME, PathNotFound, StatesError


@dataclass(frozen=True)
class Scope:
    """The data in which one state evaluates its fields."""

    input: JSON
    context: JsonObject

    def find(self, text: str, field: str) -> JSON:
        """A copy of what a path selects; StatesError States.Runtime, worded as AWS does, when it selects nothing."""
        try:
            return copy.deepcopy(self._find(text))
        except PathNotFound as missing:
            raise self._not_found(missing.path, field) from missing

    def has(self, text: str) -> bool:
        """Whether a path selects something."""
        try:
            found = self._find(text)
        except PathNotFound:
            return False
        return found != [] or json_path.parse(text.removeprefix("$") if text.startswith("$$") else text).definite

    def evaluate(self, expression: str, field: str) -> JSON:
        """The value of a path or an intrinsic function."""
        if not expression.startswith("States."):
            return self.find(expression, field)
        try:
            return intrinsics.evaluate(intrinsics.parse(expression), self._find)
        except PathNotFound as missing:
            raise self._not_found(missing.path, field) from missing

    def fill(self, template: JSON) -> JSON:
        """A payload template with each `name.$` replaced by the value of its expression."""
        if isinstance(template, dict):
            return dict(
                (key[:-2], self.evaluate(as_text(value), key)) if key.endswith(".$") else (key, self.fill(value))
                for key, value in template.items()
            )
        if isinstance(template, list):
            return [self.fill(each) for each in template]
        return template

    def _find(self, text: str) -> JSON:
        if text.startswith("$$"):
            try:
                return json_path.parse(text[1:]).find(self.context)
            except PathNotFound as missing:
                raise PathNotFound(text) from missing
        return json_path.parse(text).find(self.input)

    def _not_found(self, text: str, field: str) -> StatesError:
        searched = self.context if text.startswith("$$") else self.input
        return StatesError(
            RUNTIME,
            f"The JSONPath '{text}' specified for the field '{field}' could not be found in the input "
            f"'{json.dumps(searched, default=str)}'",
        )

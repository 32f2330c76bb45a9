"""What stands in `Annotated[type, ...]` beside the type of a parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class Default:
    """The value of a parameter that was never set."""

    def __init__(self, value: Any = None, *, generator: Callable[[], Any] | None = None) -> None:
        self._value, self._generator = value, generator

    @property
    def value(self) -> Any:
        return self._generator() if self._generator is not None else self._value


class Validator:
    """Base of the checks; `validate` raises ValueError."""

    def validate(self, value: Any) -> None:
        raise NotImplementedError


class NotNone(Validator):
    def validate(self, value: Any) -> None:
        if value is None:
            raise ValueError("Value must not be None")


class IsInstance(Validator):
    def __init__(self, classtype: Any) -> None:
        self.classtype = classtype

    def validate(self, value: Any) -> None:
        if not isinstance(value, self.classtype):
            msg = f"Value must be of type {self.classtype}, is of type {type(value)}"
            raise TypeError(msg)


class WithinRange(Validator):
    def __init__(self, minimum: float, maximum: float) -> None:
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value: Any) -> None:
        if not self.minimum <= value <= self.maximum:
            msg = f"Value must be within range [{self.minimum}, {self.maximum}], is {value}"
            raise ValueError(msg)


class Minimum(Validator):
    def __init__(self, minimum: float) -> None:
        self.minimum = minimum

    def validate(self, value: Any) -> None:
        if value < self.minimum:
            msg = f"Value must be greater than or equal to {self.minimum}, is {value}"
            raise ValueError(msg)


class Maximum(Validator):
    def __init__(self, maximum: float) -> None:
        self.maximum = maximum

    def validate(self, value: Any) -> None:
        if value > self.maximum:
            msg = f"Value must be less than or equal to {self.maximum}, is {value}"
            raise ValueError(msg)


class Choice(Validator):
    def __init__(self, choices: Iterable[Any]) -> None:
        self.choices = list(choices)

    def validate(self, value: Any) -> None:
        if value not in self.choices:
            msg = f"Value must be one of {self.choices}, is {value!r}"
            raise ValueError(msg)


class Exclude(Validator):
    def __init__(self, excludedValues: Iterable[Any]) -> None:
        self.excludedValues = list(excludedValues)

    def validate(self, value: Any) -> None:
        if value in self.excludedValues:
            msg = f"Value must not be one of {self.excludedValues}, is {value!r}"
            raise ValueError(msg)


class Decimals:
    """How many decimals a widget shows."""

    def __init__(self, value: int) -> None:
        self.value = value


class SingleStep:
    """By how much a widget steps."""

    def __init__(self, value: float) -> None:
        self.value = value


class Label:
    """The title of a parameter in a generated panel."""

    def __init__(self, label: str) -> None:
        self.label = label

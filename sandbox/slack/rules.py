"""Rules about JSON, and the words in which Slack says that one was broken: each with a pointer to the place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

Fault = str


class Rule(Protocol):
    """Something that a value keeps or breaks."""

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Say how a value breaks it; ``at`` is the JSON pointer of the value."""
        ...


def fault(words: str, at: str) -> Fault:
    """Put words and place together as Slack does."""
    return f"{words} [json-pointer:{at}]"


@dataclass(frozen=True)
class Chars:
    """Text of so many characters."""

    most: int
    least: int = 0

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Count the characters."""
        if not isinstance(value, str):
            yield fault("must provide a string", at)
        elif len(value) > self.most:
            yield fault(f"must be less than {self.most + 1} characters", at)
        elif len(value) < self.least:
            yield fault(f"must be more than {self.least - 1} characters", at)


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds."""

    least: int
    most: int

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Compare with the bounds."""
        if not isinstance(value, int) or isinstance(value, bool):
            yield fault("must provide a number", at)
        elif not self.least <= value <= self.most:
            yield fault(f"must be between {self.least} and {self.most}", at)


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Look at the type."""
        if not isinstance(value, bool):
            yield fault("must provide a boolean", at)


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Look it up."""
        if value not in self.words:
            yield fault(f"must be a valid enum value: {', '.join(self.words)}", at)


@dataclass(frozen=True)
class Anything:
    """Whatever it is: Slack's own rule is not known here."""

    def faults(self, _value: object, _at: str) -> Iterator[Fault]:
        """Find nothing."""
        return iter(())


@dataclass(frozen=True)
class Items:
    """A list of so many items."""

    rule: Rule
    most: int
    least: int = 0

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Count the items, then look at each."""
        if not isinstance(value, list):
            yield fault("must provide an array", at)
            return
        if len(value) > self.most:
            yield fault(f"no more than {self.most} items allowed", at)
        if len(value) < self.least:
            yield fault(f"no less than {self.least} items allowed", at)
        for number, item in enumerate(value):
            yield from self.rule.faults(item, f"{at}/{number}")


@dataclass(frozen=True)
class Shape:
    """An object: its fields, which it needs, of which it needs one at least; an ``open`` one may have others too."""

    fields: Mapping[str, Rule]
    needs: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    open: bool = False

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Look for what is missing, then for what is too much, then at each field. Null counts as absent."""
        if not isinstance(value, dict):
            yield fault("must provide an object", at)
            return
        present = {name: item for name, item in value.items() if item is not None}
        for name in self.needs:
            if name not in present:
                yield fault(f"missing required field: {name}", at)
        if self.one_of and not any(name in present for name in self.one_of):
            yield fault(f"missing required field: {' or '.join(self.one_of)}", at)
        for name, item in present.items():
            if name in self.fields:
                yield from self.fields[name].faults(item, f"{at}/{name}")
            elif name != "type" and not self.open:
                yield fault(f"invalid additional property: {name}", at)


@dataclass(frozen=True)
class ByType:
    """An object whose ``type`` says which rule it keeps."""

    kinds: Mapping[str, Rule] = field(default_factory=dict)

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Look at the type, then at what it asks for."""
        if not isinstance(value, dict):
            yield fault("must provide an object", at)
        elif "type" not in value:
            yield fault("missing required field: type", at)
        elif not isinstance(value["type"], str) or value["type"] not in self.kinds:
            yield fault(f"unsupported type: {value['type']}", f"{at}/type")
        else:
            yield from self.kinds[value["type"]].faults(value, at)

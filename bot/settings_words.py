"""What every table of the configuration is made of: durations, names, and no key that nobody knows."""

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+)\s*([smhd])")


def seconds(value: object) -> object:
    """Read ``30m`` as 1800 seconds; anything else is left for pydantic to refuse."""
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match is None:
            raise ValueError('write a duration such as "30m", "2h" or "90s"')
        return int(match[1]) * _UNITS[match[2]]
    return value


Seconds = Annotated[int, BeforeValidator(seconds), Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class Table(BaseModel):
    """A table whose unknown keys are faults: a misspelt key must not be a rule that is silently gone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

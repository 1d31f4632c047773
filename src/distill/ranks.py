"""Place of this process among those that train one model together. Free of torch.

`torchrun` starts them, one a device, on one machine or many. Its variables say which is which.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from distill.errors import UsageError

_NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""Variables that a process of many has. Some clusters set one of them for other ends."""


@dataclass(frozen=True)
class Place:
    """Place of a process; by default, of one that trains alone.

    Attributes:
        rank: Its number among all, from 0.
        size: Number of all.
        local_rank: Its number among those on the same machine.
        local_size: Number of those.
        restarts: How often `torchrun` has started all of them anew.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    restarts: int = 0

    @property
    def is_first(self) -> bool:
        """Whether it is the one that decides, writes and shows."""
        return self.rank == 0


def own_place(variables: Mapping[str, str] = os.environ) -> Place:
    """Place of this process, by the variables of its environment.

    Raises:
        UsageError: If they make no sense.
    """
    if not is_one_of_many(variables):
        return Place()
    place = Place(
        rank=_number(variables, "RANK", 0),
        size=_number(variables, "WORLD_SIZE", 1),
        local_rank=_number(variables, "LOCAL_RANK", 0),
        local_size=_number(variables, "LOCAL_WORLD_SIZE", 1),
        restarts=_number(variables, "TORCHELASTIC_RESTART_COUNT", 0),
    )
    if place.rank >= place.size or place.local_rank >= place.local_size:
        raise UsageError(
            f"The variables RANK={place.rank} and WORLD_SIZE={place.size} of torchrun make no "
            "sense together: start the training by torchrun, or unset them."
        )
    return place


def is_one_of_many(variables: Mapping[str, str] = os.environ) -> bool:
    """Whether `torchrun` started this process."""
    return all(name in variables for name in _NEEDED)


def is_first_process(variables: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is the first one, or alone; it raises nothing."""
    return not is_one_of_many(variables) or variables["RANK"] == "0"


def _number(variables: Mapping[str, str], name: str, default: int) -> int:
    text = variables.get(name, str(default))
    if not text.isdecimal():
        raise UsageError(f"The variable {name} must be a whole number, not '{text}'.")
    return int(text)

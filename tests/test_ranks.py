"""The place of a process is as torchrun tells it."""

import pytest

from distill.errors import UsageError
from distill.ranks import Place, is_first_process, own_place

SECOND = {
    "RANK": "1",
    "WORLD_SIZE": "4",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29500",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "TORCHELASTIC_RESTART_COUNT": "3",
}


def test_variables_of_torchrun_say_the_place() -> None:
    place = own_place(SECOND)
    assert place == Place(rank=1, size=4, local_rank=1, local_size=2, restarts=3)
    assert not place.is_first
    assert not is_first_process(SECOND)
    assert is_first_process(SECOND | {"RANK": "0"})


@pytest.mark.parametrize("variables", [{}, {"RANK": "1", "WORLD_SIZE": "4"}])
def test_a_process_that_torchrun_did_not_start_is_alone(variables: dict[str, str]) -> None:
    assert own_place(variables) == Place()
    assert is_first_process(variables)


@pytest.mark.parametrize(
    ("name", "value"), [("RANK", "4"), ("RANK", "-1"), ("WORLD_SIZE", "two"), ("LOCAL_RANK", "2")]
)
def test_variables_that_make_no_sense_give_a_sentence(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name.removeprefix("LOCAL_")):
        own_place(SECOND | {name: value})

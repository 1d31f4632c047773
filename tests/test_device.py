from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from distill import device, process
from distill.device import default_threads, free_threads, on_one_thread, prepare
from distill.errors import UsageError
from distill.process import available_cores


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine of four cores; the file says what its container grants."""
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(process, "CONTAINER_QUOTA", tmp_path / "cpu.max")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return tmp_path / "cpu.max"


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        (None, 4),
        ("max 100000", 4),
        ("200000 100000", 2),
        ("250000 100000", 2),
        ("50000 100000", 1),
        ("900000 100000", 4),
    ],
)
def test_no_more_cores_than_the_container_grants(
    four_cores: Path, quota: str | None, cores: int
) -> None:
    if quota:
        four_cores.write_text(quota + "\n")
    assert available_cores() == default_threads() == cores


def test_never_more_threads_than_cores(four_cores: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert prepare(3) == torch.get_num_threads() == 3
    assert caplog.text == ""
    assert prepare(64) == torch.get_num_threads() == 4
    assert "4 threads in place of 64" in caplog.text


def test_what_the_environment_asks_for_counts(
    four_cores: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for setting, threads in (("2", 2), ("16", 4), ("0", 1), ("many", 4)):
        monkeypatch.setenv("OMP_NUM_THREADS", setting)
        assert prepare() == threads


def test_threads_leave_out_the_cores_of_other_programs(
    four_cores: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for idle, threads in ((3.9, 4), (2.6, 3), (1.1, 1), (0.0, 1), (63.0, 4)):
        monkeypatch.setattr(device, "idle_cores", lambda idle=idle: idle)
        assert free_threads() == threads


def test_no_threads_are_an_error() -> None:
    with pytest.raises(UsageError, match="--threads"):
        prepare(0)


def test_a_generator_on_one_thread_leaves_the_others_to_the_rest() -> None:
    torch.set_num_threads(3)

    @on_one_thread
    def inside(count: int) -> Iterator[int]:
        for _ in range(count):
            yield torch.get_num_threads()

    for threads in inside(count=2):
        assert (threads, torch.get_num_threads()) == (1, 3)
    assert torch.get_num_threads() == 3


def test_an_error_in_a_generator_on_one_thread_gives_the_others_back() -> None:
    torch.set_num_threads(3)

    @on_one_thread
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(broken())
    assert torch.get_num_threads() == 3

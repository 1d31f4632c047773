"""Settings of the whole product."""

from pathlib import Path

import pytest

from distill import settings
from distill.errors import UsageError
from distill.settings import LARGEST_SEED, cache_dir, check_seed


@pytest.mark.parametrize("seed", [0, 7, LARGEST_SEED])
def test_seeds_in_range_pass(seed: int) -> None:
    check_seed(seed)


@pytest.mark.parametrize("seed", [-1, LARGEST_SEED + 1])
def test_other_seeds_are_refused(seed: int) -> None:
    with pytest.raises(UsageError, match="--seed must lie between 0 and"):
        check_seed(seed)


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTILL_CACHE", "~/sounds")
    assert cache_dir() == Path.home() / "sounds"


@pytest.mark.parametrize(
    ("platform", "variable", "parts"),
    [
        ("linux", "XDG_CACHE_HOME", (".cache",)),
        ("win32", "LOCALAPPDATA", ("AppData", "Local")),
        ("darwin", None, ("Library", "Caches")),
    ],
)
def test_each_platform_has_a_cache_folder(
    platform: str, variable: str | None, parts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISTILL_CACHE")
    monkeypatch.setattr(settings.sys, "platform", platform)
    if variable:
        monkeypatch.setenv(variable, "/elsewhere")
        assert cache_dir() == Path("/elsewhere/distill")
        monkeypatch.delenv(variable)
    assert cache_dir() == Path.home().joinpath(*parts, "distill")

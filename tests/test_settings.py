"""Settings of the whole product."""

import sys
from pathlib import Path

import pytest

from distill import settings
from distill.errors import UsageError
from distill.settings import LARGEST_SEED, cache_dir, cache_limit, check_seed


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


@pytest.mark.skipif(sys.platform == "win32", reason="no accounts without a home there")
def test_no_home_folder_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    def no_such_user(uid: int) -> None:
        raise KeyError(uid)

    # A user of a container often has neither.
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", no_such_user)
    for name in ("DISTILL_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match=r"^No home folder .* set DISTILL_CACHE to a folder"):
        cache_dir()
    monkeypatch.setenv("DISTILL_CACHE", "~/sounds")
    with pytest.raises(UsageError, match="set DISTILL_CACHE"):
        cache_dir()
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    monkeypatch.delenv("DISTILL_CACHE")
    assert cache_dir() == Path("/elsewhere/distill")


def test_the_limit_of_the_cache_is_in_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISTILL_CACHE_GB", raising=False)
    assert cache_limit() is None
    monkeypatch.setenv("DISTILL_CACHE_GB", "2.5")
    assert cache_limit() == 2.5e9
    for text in ("much", "-1", "nan"):
        monkeypatch.setenv("DISTILL_CACHE_GB", text)
        with pytest.raises(UsageError, match="DISTILL_CACHE_GB must be a number"):
            cache_limit()

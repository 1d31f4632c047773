"""The secret, login codes and the cookie."""

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from distill.library.workspace import open_workspace
from distill.ui.session import CODE_S, COOKIE_S, LoginCodes, Secret, load_secret, secret_path


def test_the_secret_stays_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio")
    secret = load_secret(workspace)
    assert load_secret(workspace) == secret
    assert stat.S_IMODE(os.stat(secret_path(workspace)).st_mode) == 0o600
    assert [path.name for path in workspace.hidden.glob("*.tmp")] == []


@pytest.mark.parametrize("content", [b"", b"{}", b'{"secret": "short"}', b'{"secret": 1}', b"[1]"])
def test_a_damaged_secret_is_made_anew(tmp_path: Path, content: bytes) -> None:
    workspace = open_workspace(tmp_path / "studio")
    secret = load_secret(workspace)
    secret_path(workspace).write_bytes(content)
    assert load_secret(workspace) != secret


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_a_secret_that_others_can_read_is_none(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio")
    secret = load_secret(workspace)
    secret_path(workspace).chmod(0o644)
    assert load_secret(workspace) != secret


def test_a_code_logs_in_once_and_within_a_minute(tmp_path: Path) -> None:
    secret = load_secret(open_workspace(tmp_path / "studio"))
    now = 1_000_000.0
    codes = LoginCodes(secret, lambda: now)
    # Another process of the same user makes it from the file alone.
    code = load_secret(open_workspace(tmp_path / "studio")).make_code(now)
    assert codes.use(code)
    assert not codes.use(code)
    late = secret.make_code(now)
    now += CODE_S + 1
    assert not codes.use(late)
    assert codes.use(secret.make_code(now))
    # A server that starts anew does not know what was used before.
    now += 10
    assert not LoginCodes(secret, lambda: now).use(secret.make_code(now - 6))


def test_no_changed_code_logs_in(tmp_path: Path) -> None:
    secret = load_secret(open_workspace(tmp_path / "studio"))
    codes = LoginCodes(secret)
    code = secret.make_code()
    for place in range(len(code)):
        changed = code[:place] + ("a" if code[place] != "a" else "b") + code[place + 1 :]
        assert not codes.use(changed)
    for other in ("", ".", "..", "x.y.z", code + "a", code * 9, "é" * 50, "\ud800.a.b"):
        assert not codes.use(other)
    assert codes.use(code)


def test_a_cookie_lasts_a_year(tmp_path: Path) -> None:
    secret = load_secret(open_workspace(tmp_path / "studio"))
    other = load_secret(open_workspace(tmp_path / "other"))
    cookie = secret.make_cookie(1_000_000)
    assert secret.is_cookie(cookie, 1_000_000 + COOKIE_S - 60)
    assert not secret.is_cookie(cookie, 1_000_000 + COOKIE_S + 60)
    assert not other.is_cookie(cookie, 1_000_000)
    assert secret.cookie_name != other.cookie_name
    assert not secret.is_cookie(f"1000000.{secret.sign('code', '1000000')}", 1_000_000)


def test_all_who_make_the_secret_at_once_have_the_same(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio")
    barrier = threading.Barrier(8)

    def load(_: int) -> Secret:
        barrier.wait()
        return load_secret(workspace)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(load, range(8)))) == 1

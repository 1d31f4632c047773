"""`distill ui`: what it refuses, and what it opens."""

import webbrowser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from distill.cli import app
from distill.library.corpora import list_corpora
from distill.library.locks import take_lock
from distill.library.workspace import open_workspace
from distill.ui.server import Address, _write_facts
from distill.ui.session import LoginCodes, load_secret


def test_no_link_without_a_server(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["ui", "--link", "--workspace", str(tmp_path / "studio")])
    assert result.exit_code == 2
    assert "No page of" in result.output


def test_the_network_needs_a_name(tmp_path: Path) -> None:
    place = ["--workspace", str(tmp_path / "studio")]
    result = CliRunner().invoke(app, ["ui", "--host", "0.0.0.0", *place])
    assert result.exit_code == 2
    assert "--allow-host" in result.output


def test_the_running_page_is_opened_at_the_folder(
    tmp_path: Path, corpus_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(tmp_path / "studio")
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda link: not opened.append(link))
    lock = take_lock(workspace.hidden / "server.lock")
    assert lock is not None
    _write_facts(workspace, Address(url="http://127.0.0.1:9"))
    codes = LoginCodes(load_secret(workspace))
    try:
        place = ["--workspace", str(workspace.root)]
        result = CliRunner().invoke(app, ["ui", str(corpus_dir), *place])
        printed = CliRunner().invoke(app, ["ui", "--link", *place])
    finally:
        lock.release()
    assert (result.exit_code, printed.exit_code) == (0, 0)
    (corpus,) = list_corpora(workspace)[0]
    address, _, code = opened[0].partition("#code=")
    assert address == f"http://127.0.0.1:9/sounds/{corpus.id}"
    assert codes.use(code)
    assert codes.use(printed.output.strip().rpartition("#code=")[2])
    assert "#code=" not in result.output

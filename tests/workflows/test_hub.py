"""Models at a small hub on this machine: there and back, without names, and all that goes wrong."""

import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.audio.io import read_audio
from distill.audio.tags import read_tags
from distill.errors import HubError, ModelFileError, NoPriorError, UsageError
from distill.inference.modes.request import Request
from distill.inference.recipe import read_recipe
from distill.models.persistence import read_header
from distill.models.sda_file import read_contents
from distill.workflows import hub as hub_module
from distill.workflows import hub_sounds
from distill.workflows.hub import fetch, is_address, parse_repository, pull, push
from distill.workflows.load import find_second_model
from distill.workflows.request import make_request
from tests.workflows.fake_hub import COMMIT, FakeHub, connected_hub

# The library of the hub calls that of its connections in a way that is to change.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

NAME = "me/plucks"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub, its token, and an empty cache."""
    with connected_hub(tmp_path, monkeypatch) as server:
        yield server


def names_in(corpus_dir: Path) -> list[str]:
    return sorted(path.relative_to(corpus_dir).as_posix() for path in corpus_dir.rglob("*.wav"))


def test_a_model_goes_there_and_comes_back_and_sounds_alike(
    hub: FakeHub, trained: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    pushed = push(trained, NAME, private=True)
    assert (pushed.repository, pushed.url, pushed.has_names) == (NAME, f"{hub.url}/{NAME}", False)
    assert hub.private == {NAME}
    back = pull(f"{NAME}@{COMMIT}", tmp_path / "back.sda")
    assert back.stat().st_size == pushed.bytes
    original, copy = distill.load(trained), distill.load(f"hf://{NAME}")
    assert copy.weights_hash == original.weights_hash
    (first,), (second,) = (distill.generate(m, duration=0.4, seed=3) for m in (original, copy))
    np.testing.assert_array_equal(first.audio, second.audio)
    with pytest.raises(UsageError, match="exists already"):
        pull(NAME, back)
    assert pull(NAME, back, overwrite=True) == back


def test_no_name_of_a_recording_is_at_the_hub(
    hub: FakeHub, trained: Path, corpus_dir: Path
) -> None:
    push(trained, NAME)
    original = trained.read_bytes()
    sent = hub.files[NAME]["model.sda"] + hub.files[NAME]["README.md"]
    names = names_in(corpus_dir)
    assert names
    for name in names:
        # The search finds what is there.
        assert name.encode() in original
        for form in (name, Path(name).name, Path(name).stem):
            assert form.encode() not in sent, form
            assert form.encode("utf-16-le") not in sent, form
    push(trained, "me/named", with_names=True)
    assert names[0].encode() in hub.files["me/named"]["model.sda"]
    assert names[0].encode() not in hub.files["me/named"]["README.md"]


def test_the_card_has_the_figures_of_the_file(hub: FakeHub, trained: Path) -> None:
    push(trained, NAME)
    card = hub.files[NAME]["README.md"].decode()
    metadata = read_header(trained)["metadata"]
    assert card.startswith("---\ntags: [")
    assert f"# {metadata['name']}\n" in card
    assert metadata["verdict"] in card
    assert metadata["licence"] in card
    assert f"| Recordings | {len(metadata['corpus'])} |" in card
    assert f"distill generate hf://{NAME}" in card


def test_sounds_of_the_card_are_new_and_name_nobody(
    hub: FakeHub, trained: Path, corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_sounds, "SECONDS", 0.5)
    pushed = push(trained, NAME, sounds=True, max_copy=100)
    files = hub.files[NAME]
    assert pushed.sounds == 3
    card = files["README.md"].decode()
    for number in (1, 2, 3):
        name = f"sound-{number}.mp3"
        assert f'<audio controls src="{hub.url}/{NAME}/resolve/main/{name}"></audio>' in card
        path = tmp_path / name
        path.write_bytes(files[name])
        info = sf.info(path)
        assert info.frames / info.samplerate == pytest.approx(0.5, abs=0.01)
        assert not read_tags(path)
    sent = b"".join(files.values())
    assert not [name for name in names_in(corpus_dir) if Path(name).stem.encode() in sent]
    # They are those of the model that is there.
    (sound,) = distill.generate(distill.load(f"hf://{NAME}"), 0.5, seed=0)
    heard = read_audio(tmp_path / "sound-1.mp3", sound.sample_rate)
    assert np.corrcoef(heard[0], sound.audio[0])[0, 1] > 0.95


def test_sounds_that_repeat_too_much_stay_here(
    hub: FakeHub, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_sounds, "SECONDS", 0.5)
    copies = iter([30.0, 10.0, 40.0, 20.0, 50.0, 60.0] + [90.0] * 6)

    def draw(loaded: Any, request: Request) -> list[Any]:
        (sound,) = generate(loaded, replace(request, max_copy=None))
        return [replace(sound, copy=replace(sound.copy, passage_percent=next(copies)))]

    generate = hub_sounds.generate
    monkeypatch.setattr(hub_sounds, "generate", draw)
    assert push(trained, NAME, sounds=True).sounds == 2
    assert "Seed 3: 20 % repeats passages" in hub.files[NAME]["README.md"].decode()
    with pytest.raises(UsageError, match="for more than 20 %: raise --max-copy"):
        push(trained, "me/other", sounds=True)
    assert "me/other" not in hub.files


def test_sounds_take_a_prior(hub: FakeHub, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = read_contents(trained) | {"has_prior": False}
    monkeypatch.setattr(hub_module, "read_contents", lambda path: codec)
    with pytest.raises(NoPriorError, match="no prior to draw sounds with"):
        push(trained, NAME, sounds=True)
    assert NAME not in hub.files


def test_a_blend_takes_a_model_of_the_hub(hub: FakeHub, trained: Path, tmp_path: Path) -> None:
    push(trained, NAME)
    request = make_request(blend=f"hf://{NAME}:0.4", duration=0.3)
    assert request.blend is not None
    assert request.blend.share == 0.4
    assert request.blend.path.name == "model.sda"
    assert request.blend.path.exists()
    with pytest.raises(HubError, match="There is no me/nothing"):
        make_request(blend=("hf://me/nothing", 0.4))


def test_a_blended_sound_names_the_model_of_the_hub_and_comes_again_without_asking_it(
    hub: FakeHub, trained: Path, shifted: Path, tmp_path: Path
) -> None:
    push(shifted, NAME)
    first = distill.load(trained, threads=1)
    (sound,) = distill.generate(first, 0.3, seed=3, blend=(f"hf://{NAME}", 0.4))
    path = sound.save(tmp_path / "a.wav")
    record = read_recipe(path).blend
    assert record is not None
    assert record.name == f"hf://{NAME}"
    asked = len(hub.requests)
    again = distill.generate_again(first, path)
    assert len(hub.requests) == asked
    np.testing.assert_array_equal(again.audio, sound.audio)
    assert again.recipe.blend == record
    strange = replace(record, name="hf://me/nothing")
    with pytest.raises(UsageError, match="blended with 'hf://me/nothing'"):
        find_second_model(strange, path)


def test_without_a_right_token_a_sentence_says_what_to_do(
    hub: FakeHub, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(trained, NAME, private=True)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(HubError, match="or it is private: set HF_TOKEN"):
        pull(NAME, tmp_path / "a.sda")
    with pytest.raises(HubError, match="set HF_TOKEN"):
        push(trained, NAME)
    assert not (tmp_path / "a.sda").exists()


def test_what_is_not_there_is_named(hub: FakeHub, tmp_path: Path) -> None:
    hub.files["me/other"] = {"README.md": b"no model"}
    for name, words in (
        ("me/nothing", "There is no me/nothing at the hub"),
        ("me/other", "holds no model.sda"),
        ("me/other@v9", "has no revision 'v9'"),
    ):
        with pytest.raises(HubError, match=words):
            pull(name, tmp_path / "a.sda")


@pytest.mark.parametrize(
    ("fault", "words"), [("cut", "The connection to the hub failed"), ("wrong", "by its hash")]
)
def test_a_broken_download_leaves_nothing(
    hub: FakeHub,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    words: str,
) -> None:
    push(trained, NAME)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    hub.fault = fault
    with pytest.raises(HubError, match=words):
        pull(NAME, tmp_path / "a.sda")
    assert not (tmp_path / "a.sda").exists()
    hub.fault = ""
    pull(NAME, tmp_path / "a.sda")


def test_what_is_pulled_passes_the_checks_of_any_model(hub: FakeHub, tmp_path: Path) -> None:
    hub.files[NAME] = {"model.sda": b"PK no model at all"}
    with pytest.raises(ModelFileError):
        pull(NAME, tmp_path / "a.sda")
    assert not (tmp_path / "a.sda").exists()


def test_offline_is_one_sentence_and_a_pulled_model_stays(
    hub: FakeHub, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(trained, NAME)
    fetch(NAME)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert fetch(f"hf://{NAME}").exists()
    with pytest.raises(HubError, match="was not pulled before"):
        fetch("me/never")
    with pytest.raises(HubError, match="The connection to the hub failed"):
        push(trained, NAME)


def test_names_of_repositories() -> None:
    assert parse_repository("hf://me/my.sounds") == ("me/my.sounds", None)
    # As a path has it, here and on Windows.
    assert parse_repository("hf:/me/a@v1/x") == ("me/a", "v1/x")
    assert parse_repository("hf:\\me\\a") == ("me/a", None)
    assert is_address(Path("hf://me/a"))
    assert not is_address("me/a")
    for text in ("", "me", "a/b/c", "hf://", "me/a b"):
        with pytest.raises(UsageError, match="USER/NAME"):
            parse_repository(text)


def test_without_the_library_a_sentence_names_it(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "find_spec", lambda name: None)
    for work in (lambda: push(trained, NAME), lambda: fetch(NAME)):
        with pytest.raises(UsageError, match=r"pip install 'distill\[hub\]'"):
            work()


def test_nothing_else_opens_a_connection(
    trained: Path, corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            calls.append(address)
            raise OSError("no connection in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)

    def refuse_name(*names: Any, **_: Any) -> None:
        calls.append(names)
        raise OSError("no connection in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse_name)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    # The guard sees what the hub's library does.
    with pytest.raises(HubError):
        pull("me/nothing", tmp_path / "a.sda")
    assert calls
    calls.clear()
    distill.scan_corpus(corpus_dir)
    model = Path(shutil.copy(trained, tmp_path / "my.sda"))
    loaded = distill.load(model)
    (sound,) = distill.generate(loaded, duration=0.3, seed=1)
    distill.decode(loaded, distill.encode(loaded, sound.audio))
    distill.train(corpus_dir, tmp_path / "new.sda", steps=1, codebook_size=16, hidden_size=64)
    assert calls == []

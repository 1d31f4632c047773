import json
import logging
import math
import random
import re
import struct
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.delivery import Delivery
from distill.audio.descriptor_names import DESCRIPTORS
from distill.audio.io import UnreadableAudioError
from distill.audio.write import write_sound
from distill.errors import AudioError, CodebookMismatchError, UsageError
from distill.inference.modes.request import ModeSettings, Request
from distill.inference.recipe import KEY, Recipe, model_tags, read_recipe
from distill.inference.sampling.curves import MOST_POINTS, Steering
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import load_model_v2

RECIPE = Recipe("1", "id", "hash", "cpu", 2, 7, 1.5, Sampling(0.9, 5, 0.8), 1 / 3, max_copy=20.0)
SILENCE = np.zeros((1, 480), np.float32)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "opus", "mp3", "aiff"])
def test_a_recipe_comes_back_whole(tmp_path: Path, ending: str) -> None:
    path = write_sound(
        tmp_path / f"a.{ending}", SILENCE, tags=RECIPE.tags(copy={"passage_percent": 3.0})
    )
    assert read_recipe(path) == RECIPE


@pytest.mark.parametrize(
    "change",
    [
        {"seed": "7"},
        {"duration": None},
        {"sampling": {"hot": 1}},
        {"sampling": []},
        {"x": 1},
        {"steering": []},
        {"steering": {"pitch": [1]}},
        {"way": {"kind": "backwards"}},
        {"way": {"kind": "new", "source": "kick.wav"}},
        {"delivery": {"depth": 3}},
        {"delivery": {"rate": "fast"}},
    ],
)
def test_what_no_distill_wrote_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    entries = json.loads(RECIPE.tags()["comment"])[KEY] | change
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": json.dumps({KEY: entries})})
    with pytest.raises(AudioError, match=r"a\.wav"):
        read_recipe(path)


def test_a_recipe_says_what_was_requested(trained: Path) -> None:
    request = Request(
        duration=1.5,
        seed=7,
        sampling=Sampling(top_k=5),
        mode=ModeSettings("loop"),
        steering=Steering(pitch=((0.0, 20.0),)),
        max_copy=20.0,
    )
    recipe = Recipe.of(load_model_v2(trained), request, seed=8, gain=0.5)
    assert (recipe.seed, recipe.gain, recipe.duration) == (8, 0.5, 1.5)
    assert (recipe.sampling, recipe.way) == (request.sampling, request.mode)
    assert (recipe.steering, recipe.max_copy) == (request.steering, 20.0)
    assert Recipe.of(load_model_v2(trained), Request(), seed=0, gain=1.0).steering == Steering()


def test_a_delivery_comes_back_and_is_not_written_where_there_is_none(tmp_path: Path) -> None:
    delivery = Delivery(rate=44_100, mono=True, loudness_target=-14.0)
    recipe = replace(RECIPE, delivery=delivery)
    path = write_sound(tmp_path / "a.wav", SILENCE, tags=recipe.tags())
    assert read_recipe(path) == recipe
    assert "delivery" not in RECIPE.entries()
    # Bits and bitrate belong to a file, not to its sound.
    bits = replace(RECIPE, delivery=Delivery(bits="16"))
    assert "delivery" not in bits.entries()
    comment = recipe.tags()["comment"].replace("44100", "44100000")
    write_sound(path, SILENCE, tags={"comment": comment})
    with pytest.raises(UsageError, match="--rate"):
        read_recipe(path)


def test_recipes_of_earlier_versions_are_read(tmp_path: Path) -> None:
    entries = json.loads(RECIPE.tags()["comment"])[KEY]
    entries["sampling"] = {"temperature": 0.9, "top_k": 5, "top_p": 0.8, "lead_in": 4.0, "like": ""}
    entries["sampling"] |= {"free_levels": 2, "closeness": 0.15}
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": json.dumps({KEY: entries})})
    assert read_recipe(path) == RECIPE


@pytest.mark.parametrize("comment", [None, "", "a take from May", "[]", '{"distill": 3}'])
def test_other_sounds_are_refused(tmp_path: Path, comment: str | None) -> None:
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": comment} if comment else None)
    with pytest.raises(AudioError, match="does not say how it was made"):
        read_recipe(path)


def test_settings_out_of_range_are_refused(tmp_path: Path) -> None:
    comment = RECIPE.tags()["comment"].replace("0.8", "8.0")
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": comment})
    with pytest.raises(UsageError, match="--top-p"):
        read_recipe(path)


def test_the_hash_is_that_of_the_weights(trained: Path, codec_only: Path) -> None:
    loaded, same, other = load_model_v2(trained), load_model_v2(trained), load_model_v2(codec_only)
    assert loaded.weights_hash == same.weights_hash != other.weights_hash
    recipe = replace(RECIPE, model_hash=loaded.weights_hash)
    recipe.check_model(same, "a.wav")
    with pytest.raises(CodebookMismatchError, match=re.escape(str(codec_only))):
        recipe.check_model(other, "a.wav")
    assert same.prior is not None
    next(same.prior.parameters()).data.add_(1.0)
    # Computed once for a model as loaded.
    assert replace(same).weights_hash != same.weights_hash == loaded.weights_hash


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"version": "0.0.9"}, "Distill 0.0.9 on cpu"),
        ({"device": "cuda"}, "on cuda with"),
        ({"threads": 77}, "with 77 threads"),
    ],
)
def test_another_version_device_or_thread_count_is_said(
    trained: Path, caplog: pytest.LogCaptureFixture, change: dict[str, Any], said: str
) -> None:
    loaded = load_model_v2(trained)
    original = Recipe.of(loaded, Request(), seed=1, gain=1.0)
    with caplog.at_level(logging.WARNING):
        replace(original, **change).check_model(loaded, "a.wav")
    assert len(caplog.messages) == bool(said)
    assert all("a.wav was made by" in message and said in message for message in caplog.messages)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "opus", "mp3", "aiff"])
def test_the_longest_curves_come_back_whole(tmp_path: Path, ending: str) -> None:
    rng = np.random.default_rng(0)
    count = MOST_POINTS // len(DESCRIPTORS)
    times = np.cumsum(10 * rng.random(count))
    curves = {name: tuple(zip(times, 100 * rng.random(count), strict=True)) for name in DESCRIPTORS}
    recipe = replace(RECIPE, steering=Steering(**curves))
    path = write_sound(tmp_path / f"a.{ending}", SILENCE, tags=recipe.tags())
    assert read_recipe(path) == recipe
    with pytest.raises(UsageError, match=f"All curves together may have {MOST_POINTS} points"):
        Steering(pitch=tuple((float(i), 50.0) for i in range(MOST_POINTS + 1)))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("sampling", "temperature"), "warm"),
        (("sampling", "top_k"), 1.5),
        (("sampling", "nearness"), None),
        (("sampling", "free_time"), 1),
        (("sampling", "like"), 3),
        (("way", "amount"), "half"),
        (("way", "source"), 7),
        (("way", "start"), [1]),
        (("steering", "brightness"), [["x", 1.0]]),
        (("steering", "brightness"), [[0.0, "x"]]),
        (("steering", "guidance"), "1"),
        (("steering", "tags"), [["drums", "much"]]),
        (("steering", "tags"), [[1, 1.0]]),
        (("seed",), 1.5),
        (("seed",), 2**80),
        (("seed",), -1),
        (("threads",), "2"),
        (("duration",), "long"),
        (("duration",), math.inf),
        (("duration",), 1e9),
        (("gain",), math.nan),
        (("gain",), 1e308),
        (("max_copy",), "a lot"),
        (("sampling",), 3),
        (("way",), []),
        (("steering",), "bright"),
        (("version",), None),
    ],
)
def test_other_types_are_one_sentence(tmp_path: Path, place: tuple[str, ...], value: Any) -> None:
    entries = json.loads(RECIPE.tags()["comment"])[KEY]
    target = entries
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": json.dumps({KEY: entries})})
    with pytest.raises(AudioError, match=r"a\.wav"):
        read_recipe(path)


@pytest.mark.parametrize("start", ["[", '{"distill":', '{"distill": {"sampling":' + "[" * 90])
def test_brackets_without_end_are_one_sentence(tmp_path: Path, start: str) -> None:
    comment = start + "[" * 20_000
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": comment})
    with pytest.raises(AudioError, match="does not say how it was made"):
        read_recipe(path)


def test_mutated_recipes_are_read_or_refused(tmp_path: Path) -> None:
    """Characters change where they like: a recipe comes out, or an error that is meant for you."""
    draw = random.Random(19)
    comment = RECIPE.tags()["comment"]
    for _ in range(200):
        place = draw.randrange(len(comment))
        mutated = comment[:place] + draw.choice('0123456789"[]{},:-.eEx') + comment[place + 1 :]
        path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": mutated})
        with suppress(AudioError, UsageError):
            assert read_recipe(path).seed >= 0


# More than the 2 kB of a text that libsndfile reads in WAV.
LONG = replace(RECIPE, steering=Steering(pitch=tuple((i / 3, i / 7) for i in range(100))))
COMMENT = LONG.tags(copy={"passage_percent": 3.0})["comment"].encode()
BODIES = st.binary(max_size=41)
NAMES = st.sampled_from([b"JUNK", b"bext", b"iXML", b"id3 ", b"acid", b"PAD ", b"cue ", b"abcd"])
PADS = st.sampled_from([b"\0", b""])
FOREIGN = struct.pack("<4sI", b"ICMT", 9) + b"my \xe9t\xfcde\0" + b"\0"


def make_chunk(name: bytes, body: bytes, pad: bytes = b"\0") -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + pad[: len(body) % 2]


@st.composite
def wav_files(draw: st.DrawFn) -> bytes:
    """WAV files with the recipe in an INFO list, and all sorts of chunks around it."""
    pad = draw(PADS)
    magic = draw(st.sampled_from([b"RIFF", b"RF64", b"BW64"]))
    entry = make_chunk(b"ICMT", COMMENT, pad)
    lists = [make_chunk(b"LIST", b"INFO" + entry, pad)]
    if draw(st.booleans()):
        lists.append(make_chunk(b"LIST", b"INFO" + FOREIGN, pad))
    if draw(st.booleans()):
        lists.append(make_chunk(b"LIST", b"adtl" + draw(BODIES), pad))
    others = [make_chunk(*each, pad) for each in draw(st.lists(st.tuples(NAMES, BODIES)))]
    data = make_chunk(b"data", draw(st.binary(max_size=99)), pad)
    fmt = struct.pack("<HHIIHH", 1, 1, 48_000, 48_000, 1, 8)
    if draw(st.booleans()):
        guid = bytes.fromhex("0100000000001000800000aa00389b71")
        fmt = struct.pack("<H", 0xFFFE) + fmt[2:] + struct.pack("<HHI", 22, 8, 4) + guid
    if magic != b"RIFF":
        others.insert(0, make_chunk(b"ds64", struct.pack("<QQQI", 0, len(data) - 8, 99, 0)))
        data = data[:4] + b"\xff" * 4 + data[8:]
    chunks = draw(st.permutations([make_chunk(b"fmt ", fmt), data, *lists, *others]))
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", len(body)) + body


@given(content=wav_files())
def test_recipes_survive_every_order_of_chunks(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.wav"
        path.write_bytes(content)
        assert read_recipe(path) == LONG


@pytest.mark.parametrize(
    "place",
    [
        make_chunk(b"id3 ", b"ID3\x03\0\0\0\0\x50\0COMM\0\0\x50\0\0\0\1eng\xff\xfe\0\0\xff\xfe")
        + COMMENT.decode().encode("utf-16-le"),
        make_chunk(b"bext", COMMENT[:256]) + make_chunk(b"LIST", b"INFO" + b"IKEY    " + COMMENT),
        make_chunk(b"iXML", b"<NOTE>" + COMMENT.replace(b'"', b"&quot;") + b"</NOTE>"),
        b"\xa5" * 20_001 + COMMENT + b"\x5a" * 20_001,
    ],
    ids=["ID3", "other INFO", "iXML", "bytes"],
)
def test_recipes_are_found_wherever_editors_put_them(tmp_path: Path, place: bytes) -> None:
    path = write_sound(tmp_path / "a.wav", SILENCE)
    path.write_bytes(path.read_bytes() + place)
    assert read_recipe(path) == LONG


@pytest.mark.parametrize(
    ("ending", "kind"),
    [("wav", "WAVEX"), ("wav", "RF64"), ("aiff", "AIFF"), ("caf", "CAF"), ("mp3", "MP3")],
)
def test_recipes_survive_in_other_formats(tmp_path: Path, ending: str, kind: str) -> None:
    path = tmp_path / f"a.{ending}"
    with sf.SoundFile(path, "w", 48_000, 1, format=kind) as file:
        file.comment = COMMENT.decode()
        file.write(SILENCE.T)
    assert read_recipe(path) == LONG


@pytest.mark.parametrize("ending", ["flac", "ogg"])
def test_recipes_survive_under_other_names(tmp_path: Path, ending: str) -> None:
    path = write_sound(tmp_path / f"a.{ending}", SILENCE, tags=LONG.tags())
    path.write_bytes(path.read_bytes().replace(b"COMMENT=", b"SUMMARY="))
    assert read_recipe(path) == LONG


def test_a_recipe_is_whole_where_what_follows_is_cut(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": COMMENT[:-9].decode()})
    assert read_recipe(path) == LONG


@pytest.mark.parametrize("length", [30, 255, 1_999, 2_046])
@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "opus", "mp3", "aiff"])
def test_cut_recipes_are_said(tmp_path: Path, ending: str, length: int) -> None:
    tags = {"comment": COMMENT[:length].decode()}
    path = write_sound(tmp_path / f"a.{ending}", SILENCE, tags=tags)
    with pytest.raises(AudioError, match="a program that saved it has cut or changed its recipe"):
        read_recipe(path)


def test_dropped_recipes_are_said(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", SILENCE, tags=LONG.tags())
    audio, rate = sf.read(path)
    with sf.SoundFile(path) as file:
        tags = file.copy_metadata()
    # libsndfile reads no text of this length, and so does every program that uses it.
    assert "comment" not in tags
    write_sound(path, audio, rate, tags=tags)
    with pytest.raises(AudioError, match="a program that saved it has dropped its recipe"):
        read_recipe(path)


def test_sounds_from_codes_and_files_without_sound_are_said(trained: Path, tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", SILENCE, tags=model_tags(load_model_v2(trained)))
    with pytest.raises(AudioError, match="it was decoded from codes"):
        read_recipe(path)
    with pytest.raises(UnreadableAudioError, match="not audio"):
        read_recipe(trained)
    with pytest.raises(UnreadableAudioError, match="cannot be opened"):
        read_recipe(tmp_path / "none.wav")


def places_in(value: Any) -> Iterator[list[Any]]:
    """The keys that lead to each entry of JSON; of a list, to its first."""
    yield []
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(min(1, len(value))):
            yield from ([key, *rest] for rest in places_in(value[key]))


@pytest.mark.parametrize(
    "value",
    ["NaN", "1e999", "-1", "true", '"\\ud800"', str(2**80), "9" * 5_000, "[" * 20_000, "[[[1]]]"],
    ids=lambda value: value[:8],
)
def test_any_value_in_any_place_is_read_or_refused(tmp_path: Path, value: str) -> None:
    path = tmp_path / "a.wav"
    messages = []
    for place in places_in(json.loads(COMMENT)):
        if not place:
            continue
        entries = json.loads(COMMENT)
        target = entries
        for key in place[:-1]:
            target = target[key]
        target[place[-1]] = "here"
        comment = json.dumps(entries).replace('"here"', value)
        path.write_bytes(b"RIFF\0\0\0\0WAVE" + comment.encode())
        try:
            assert 0 <= read_recipe(path).seed <= 2**64
        except (AudioError, UsageError) as error:
            messages.append(str(error))
    # One sentence each, which does not repeat what no person can read.
    assert messages
    assert all("\n" not in message and len(message) < 700 for message in messages)

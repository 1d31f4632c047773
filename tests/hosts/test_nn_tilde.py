"""A file for nn~, read as nn~ reads it."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from distill.hosts.nn_tilde import NnTilde, write_nn_tilde
from distill.hosts.reference import decode_ahead
from distill.models.vqvae import VQVAE
from tests.hosts.nn_reader import NnReader, signals_of

HOP = 1024


def save(codec: VQVAE, path: Path, ahead: int = 21) -> Path:
    with open(path, "wb") as file:
        write_nn_tilde(NnTilde(codec, ahead), file, "{}")
    return path


@pytest.fixture
def reader(codec: VQVAE, tmp_path: Path) -> NnReader:
    return NnReader(save(codec, tmp_path / "my.ts"))


def test_it_says_what_it_has(codec: VQVAE, reader: NnReader) -> None:
    C, Q = codec.channels, codec.num_quantizers
    assert reader.methods() == ["forward", "encode", "decode"]
    assert reader.params("forward") == [C, 1, C, 1]
    assert reader.params("encode") == [C, 1, Q, HOP]
    assert reader.params("decode") == [Q, HOP, C, 1]
    assert reader.largest_ratio() == HOP
    assert reader.attributes() == ["reset", "levels", "gain", "rate_is_right"]
    got = {name: reader.get(name) for name in reader.attributes()}
    expected = {"reset": "false", "levels": "3", "gain": "0.000000", "rate_is_right": "true"}
    assert got == expected


@pytest.mark.parametrize("block", [1024, 4096])
def test_sound_through_it_is_encoded_and_decoded(
    codec: VQVAE, sound: torch.Tensor, reader: NnReader, block: int
) -> None:
    output = reader.run("forward", sound[0].numpy(), block)
    expected = codec.decode(codec.encode(sound))[0].numpy()
    late = 23 * HOP
    assert not output[:, :late].any()
    assert np.abs(expected).max() > 0.1
    assert np.abs(output[:, late:] - expected[:, :-late]).max() < 1e-5


def test_codes_out_of_it_and_into_it(codec: VQVAE, sound: torch.Tensor, reader: NnReader) -> None:
    signals = reader.run("encode", sound[0].numpy(), 2048)
    columns = signals[:, HOP - 1 :: HOP].T
    own = codec.encode(sound)[0].numpy()
    assert np.array_equal(columns[1:], own[:-1])
    assert np.array_equal(signals, signals_of(columns, HOP))
    output = reader.run("decode", signals_of(own, HOP), 8192)
    expected = codec.decode(torch.from_numpy(own)[None])[0].numpy()
    late = 22 * HOP
    assert np.abs(output[:, late:] - expected[:, :-late]).max() < 1e-5


@pytest.mark.parametrize(("ahead", "frames"), [(21, 23), (10, 12), (2, 4), (0, 2)])
def test_a_click_comes_as_late_as_is_stated(
    make_codec, tmp_path: Path, ahead: int, frames: int
) -> None:
    codec = make_codec(1)
    reader = NnReader(save(codec, tmp_path / "my.ts", ahead))
    click = np.zeros((1, 64 * HOP), np.float32)
    click[0, 20_000:20_003] = 0.9
    output = reader.run("forward", click, 1024)[0]
    own = decode_ahead(codec, codec.encode(torch.from_numpy(click)[None])[0], ahead)[0].numpy()
    shifts = np.fft.irfft(np.fft.rfft(output) * np.fft.rfft(own).conj(), len(own))
    assert int(shifts.argmax()) == frames * HOP


def test_a_reset_is_a_new_file(codec: VQVAE, sound: torch.Tensor, reader: NnReader) -> None:
    signal = sound[0].numpy()
    codes = signals_of(codec.encode(sound)[0].numpy(), HOP)
    first = {
        "forward": reader.run("forward", signal, 2048),
        "encode": reader.run("encode", signal, 2048),
        "decode": reader.run("decode", codes, 2048),
    }
    for word in ("true", "1.000000"):
        reader.set("reset", word)
        assert np.array_equal(reader.run("forward", signal, 2048), first["forward"])
        assert np.array_equal(reader.run("encode", signal, 2048), first["encode"])
        assert np.array_equal(reader.run("decode", codes, 2048), first["decode"])
    # Without one it goes on.
    assert not np.array_equal(reader.run("forward", signal, 2048), first["forward"])


def test_methods_have_states_of_their_own(
    codec: VQVAE, sound: torch.Tensor, tmp_path: Path
) -> None:
    signal = sound[0].numpy()
    codes = signals_of(codec.encode(sound)[0].numpy(), HOP)
    alone = NnReader(save(codec, tmp_path / "my.ts"))
    expected = [alone.run("forward", signal, 2048), alone.run("decode", codes, 2048)]
    mixed = NnReader(tmp_path / "my.ts")
    parts: list[list[np.ndarray]] = [[], []]
    for start in range(0, signal.shape[1], 2048):
        stop = start + 2048
        parts[0].append(mixed.perform("forward", signal[:, start:stop]))
        mixed.perform("encode", signal[:, start:stop])
        parts[1].append(mixed.perform("decode", codes[:, start:stop]))
    for result, wanted in zip(parts, expected, strict=True):
        assert np.array_equal(np.concatenate(result, 1), wanted)


def test_two_files_do_not_know_each_other(make_codec, tmp_path: Path) -> None:
    mono = NnReader(save(make_codec(1), tmp_path / "mono.ts"))
    stereo = NnReader(save(make_codec(2), tmp_path / "stereo.ts"))
    noise = 0.1 * np.random.default_rng(0).standard_normal((2, 60 * HOP)).astype(np.float32)
    alone = mono.run("forward", noise[:1], 2048)
    again = NnReader(tmp_path / "mono.ts")
    parts = []
    for start in range(0, noise.shape[1], 2048):
        parts.append(again.perform("forward", noise[:1, start : start + 2048]))
        stereo.perform("forward", noise[:, start : start + 2048])
    assert np.array_equal(np.concatenate(parts, 1), alone)


def test_several_sounds_at_once(make_codec, tmp_path: Path) -> None:
    reader = NnReader(save(make_codec(2), tmp_path / "my.ts"))
    noise = 0.1 * np.random.default_rng(0).standard_normal((4, 60 * HOP)).astype(np.float32)
    both = reader.run("forward", noise, 2048, batches=2)
    for number in range(2):
        reader.set("reset", "true")
        # Signals of a channel lie beside each other.
        alone = reader.run("forward", noise[number::2], 2048)
        assert np.abs(both[number::2] - alone).max() < 1e-5


def test_levels_and_gain(codec: VQVAE, sound: torch.Tensor, reader: NnReader) -> None:
    own = codec.encode(sound)
    codes = signals_of(own[0].numpy(), HOP)
    late = 22 * HOP
    reader.set("levels", "1.000000")
    reader.set("gain", "-6.020600")
    assert (reader.get("levels"), reader.get("gain")) == ("1", "-6.020600")
    output = reader.run("decode", codes, 2048)
    expected = codec.decode(own, levels=[0])[0].numpy() / 2
    assert np.abs(output[:, late:] - expected[:, :-late]).max() < 1e-5
    for word, number in (("0", "1"), ("-3", "1"), ("99", "3")):
        reader.set("levels", word)
        assert reader.get("levels") == number
    for word in ("nan", "1000", "-1000"):
        with pytest.raises(RuntimeError, match="gain"):
            reader.set("gain", word)
    assert reader.get("gain") == "-6.020600"


def test_the_sample_rate_is_watched(reader: NnReader) -> None:
    for rate, answer in ((44_100, "false"), (48_000, "true")):
        reader.model.set_sample_rate(rate)
        assert reader.get("rate_is_right") == answer
    with pytest.raises(RuntimeError, match="rate_is_right"):
        reader.set("rate_is_right", "true")


def test_what_is_no_code_becomes_one(codec: VQVAE, reader: NnReader) -> None:
    T = 50
    wild = np.random.default_rng(0).uniform(-100, 200, (3, T * HOP)).astype(np.float32)
    wild[0, HOP - 1] = np.nan
    wild[1, HOP - 1] = np.inf
    wild[2, HOP - 1] = -np.inf
    output = reader.run("decode", wild, 1024)
    columns = np.nan_to_num(wild[:, HOP - 1 :: HOP], posinf=1e9, neginf=-1e9)
    codes = columns.round().clip(0, 15).T.astype(np.int64)
    expected = codec.decode(torch.from_numpy(codes)[None])[0].numpy()
    late = 22 * HOP
    assert np.abs(output[:, late:] - expected[:, :-late]).max() < 1e-5


def test_sound_that_is_no_number_leaves_nothing_behind(
    codec: VQVAE, sound: torch.Tensor, reader: NnReader
) -> None:
    bad = np.full((codec.channels, 2048), np.nan, np.float32)
    bad[:, 1000:] = np.inf
    signal = sound[0].numpy()
    assert np.isfinite(reader.perform("forward", bad)).all()
    output = reader.run("forward", signal, 2048)
    reader.set("reset", "true")
    reader.perform("forward", np.zeros_like(bad))
    expected = reader.run("forward", signal, 2048)
    assert np.isfinite(output).all()
    # The decoder reaches over 22 frames, the encoder over one.
    begin = (22 + 23) * HOP
    assert np.abs(expected[:, begin:]).max() > 0.01
    assert np.abs(output[:, begin:] - expected[:, begin:]).max() < 1e-5


def test_blocks_that_are_no_whole_frames_are_refused(reader: NnReader, codec: VQVAE) -> None:
    with pytest.raises(torch.jit.Error, match="multiple of the code frame"):
        reader.model.forward(torch.zeros(1, codec.channels, 1000))


def test_the_file_names_no_folder_of_this_machine(make_codec, tmp_path: Path) -> None:
    file = io.BytesIO()
    write_nn_tilde(NnTilde(make_codec(1), 21), file, '{"a": 1}')
    here = str(Path(__file__).parents[2]).encode()
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert not [name for name, content in contents.items() if here in content]
    assert contents["archive/extra/distill.json"] == b'{"a": 1}'


def test_the_codec_stays_as_it_is(codec: VQVAE, codes: torch.Tensor, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in codec.state_dict().items()}
    sound = codec.decode(codes)
    reader = NnReader(save(codec, tmp_path / "my.ts"))
    reader.run("forward", np.zeros((codec.channels, 8192), np.float32), 2048)
    assert all(torch.equal(value, before[name]) for name, value in codec.state_dict().items())
    assert all(weights.requires_grad for weights in codec.parameters())
    assert torch.equal(codec.decode(codes), sound)

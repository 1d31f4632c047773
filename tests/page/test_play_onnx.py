"""The player of an export to ONNX, in Chromium.

It takes onnxruntime-web: `make ort-web` brings what it needs of that. `DISTILL_ORT_WEB` names
another folder of it.
"""

import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser

from distill.hosts.onnx_files import write_onnx_files
from distill.hosts.reference import decode_ahead
from distill.models.vqvae import VQVAE
from tests.hosts.conftest import model_of, small_codec, sound_of

FILES = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
"""What the page needs of onnxruntime-web, in its own folder."""

BUILT = Path(__file__).parents[2] / "build" / "onnxruntime-web"
"""Where `make ort-web` puts them."""

MISSING = "no onnxruntime-web here: run `make ort-web`"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def codec() -> VQVAE:
    return small_codec(1)


@pytest.fixture(scope="module")
def address(codec: VQVAE, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    runtime = Path(os.environ.get("DISTILL_ORT_WEB", BUILT))
    if "DISTILL_ORT_WEB" not in os.environ and not runtime.is_dir():
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("web")
    write_onnx_files(model_of(codec), folder)
    for name in FILES:
        shutil.copy(runtime / name, folder / name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/play.html"
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_encodes_and_decodes_as_the_codec_does(
    chromium: Browser, address: str, codec: VQVAE
) -> None:
    sound = sound_of(codec)
    n = sound.shape[2] - 500
    page = chromium.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address)
    script = """async (numbers) => {
      await ready;
      const codes = await encode([Float32Array.from(numbers)]);
      const sound = await decode(codes, numbers.length);
      return [Array.from(codes.data, Number), Array.from(sound[0])];
    }"""
    codes, output = page.evaluate(script, sound[0, 0, :n].tolist())
    page.close()
    assert faults == []
    columns = torch.tensor(codes).view(-1, codec.num_quantizers)
    padded = torch.nn.functional.pad(sound[:, :, :n], (0, 500))
    assert (columns == codec.encode(padded)[0]).all(1).float().mean() >= 0.98
    later = torch.cat((columns, columns[-1:].expand(22, -1)))
    expected = decode_ahead(codec, later, 21)[0, :n].numpy()
    assert np.abs(np.array(output) - expected).max() < 2e-5

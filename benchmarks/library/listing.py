"""Listings of a large workspace: 10,000 renders and 100 models.

    python -m benchmarks.library.listing

Fills a workspace of its own with records of renders over 300 days, and with small models. Prints
the median time of each listing: wall time, and processor time, which other work on the machine does
not change. The first listing makes the index. Takes about 2 minutes.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.common import Bound, parser_of, run_main
from benchmarks.timing import median_s
from distill.library.models import list_models
from distill.library.render import Render
from distill.library.render_models import list_renders
from distill.library.render_places import record_path
from distill.library.render_table import RenderQuery, utc_text
from distill.library.renders import change_render
from distill.library.workspace import Workspace, open_workspace
from distill.models.persistence import save_model_v2
from distill.models.vqvae import VQVAE

RENDERS_S = Bound(0.150)
"""Seconds that any listing of renders takes, at most."""

MODELS_S = Bound(0.200)
"""Seconds that any listing of models takes, at most."""

RUNS = 7
"""Times that each listing is timed."""

WAYS = ("new", "loop", "one-shot", "variation", "infill", "continue")
WORDS = ("rain", "kick", "glass", "long", "dark", "bell", "voice", "take", "slow", "noise")

DAYS = 300
"""Days over which the renders were made."""


def fill_renders(workspace: Workspace, count: int) -> None:
    """Write records of `count` renders, each with a recipe as long as usual."""
    rng = np.random.default_rng(0)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(count):
        moment = begin + timedelta(seconds=number * DAYS * 86_400 / count)
        render = make_render(workspace, number, moment, rng)
        path = record_path(workspace, render.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(render.entries(workspace), indent=1))


def make_render(
    workspace: Workspace, number: int, moment: datetime, rng: np.random.Generator
) -> Render:
    """The record of render `number`, made at a moment."""
    name = " ".join(rng.choice(WORDS, 3))
    model = int(rng.integers(100))
    folder = workspace.renders / f"{moment:%Y-%m-%d}"
    return Render(
        id=f"{moment:%Y%m%d-%H%M%S}-{number:06x}",
        path=folder / f"{name} {number}.wav",
        made=utc_text(moment),
        recipe={
            "version": "0.2.0",
            "model_id": f"{model:032x}",
            "model_hash": f"{model:064x}",
            "device": "cpu",
            "threads": 2,
            "seed": int(rng.integers(1 << 31)),
            "duration": 10.0,
            "sampling": {"temperature": 1.0, "top_k": 0, "top_p": 0.97, "like": ""},
            "gain": 1.0,
            "way": {"kind": str(rng.choice(WAYS)), "source": ""},
            "steering": {"brightness": [[t, float(t)] for t in range(20)], "tags": []},
        },
        sha256=f"{number:064x}",
        bytes=2_880_000,
        codes=folder / f"{name} {number}.codes.json.gz",
        model_name=f"model {model}",
        duration_s=10.0,
        sample_rate=48_000,
        channels=2,
        copy={"passage_percent": float(rng.uniform(0, 30))},
        heard=(f"{rng.choice(WORDS)}/{rng.choice(WORDS)}.wav",),
        notes=" ".join(rng.choice(WORDS, 8)),
        starred=bool(rng.random() < 0.1),
    )


def fill_models(workspace: Workspace, count: int) -> None:
    """Write `count` small models in families of four versions, each of 200 files."""
    workspace.models.mkdir(parents=True, exist_ok=True)
    codec = VQVAE(codebook_size=32, num_quantizers=4, sample_rate=48_000, hidden_size=16)
    for number in range(count):
        version = number % 4 + 1
        files = range(number % 4, 200 + number % 4)
        metadata = {
            "id": f"{number:032x}",
            "name": f"model {number // 4}",
            "created": f"2026-01-{number % 28 + 1:02d}T00:00:00+00:00",
            "version": version,
            "corpus": [
                {"name": f"file {file}.wav", "hash": f"{file:064x}", "duration_s": 3.0}
                for file in files
            ],
            "verdict": "Done: distance 1.20.",
            "verdict_kind": "done",
        }
        if version > 1:
            parent = {"id": f"{number - 1:032x}", "name": f"model {number // 4}", "hash": "00"}
            metadata["parent"] = {**parent, "version": version - 1}
        save_model_v2(workspace.models / f"model {number}.sda", codec, metadata)


def report(title: str, bound: Bound | None, work: Callable[[], object], runs: int = RUNS) -> None:
    """Time `work`, and print it beside its bound."""
    wall = median_s(work, runs, time.perf_counter, warm_up=runs > 1)
    processor = median_s(work, runs, time.process_time, warm_up=False)
    verdict = f" ({bound}: {bound.verdict(wall)})" if bound else ""
    times = f"{wall * 1e3:.0f} ms, {processor * 1e3:.0f} ms of processor"
    print(f"{title}: {times}{verdict}", flush=True)


def time_renders(workspace: Workspace, count: int) -> None:
    """Time listings of renders, under the present names of their models."""
    list_models(workspace)
    began = time.perf_counter()
    page = list_renders(workspace)
    assert page.total == count
    print(f"{count:,} renders, index made: {time.perf_counter() - began:.1f} s", flush=True)
    queries = {
        "all of them": (RenderQuery(), None),
        "a page of 50": (RenderQuery(), 50),
        "words": (RenderQuery(text="rain glass"), None),
        "words that nothing has": (RenderQuery(text="rain xylophone"), None),
        "words, model, mode, star and copies": (
            RenderQuery(text="kick", model="model 7", way="loop", starred=True, most_copy=10.0),
            None,
        ),
        "days": (RenderQuery(since="2026-05-01", until="2026-05-31"), None),
    }
    for title, (query, limit) in queries.items():
        report(f"  {title}", RENDERS_S, lambda q=query, n=limit: list_renders(workspace, q, n))
    first = page.rows[-1].id

    def star() -> None:
        change_render(workspace, first, starred=True)
        list_renders(workspace, limit=50)

    report("  a star, and a page of 50", RENDERS_S, star)


def time_models(workspace: Workspace, count: int) -> None:
    """Time listings of models."""
    began = time.perf_counter()
    assert len(list_models(workspace).models) == count
    print(f"{count:,} models, index made: {time.perf_counter() - began:.1f} s", flush=True)
    report("  all of them", MODELS_S, lambda: list_models(workspace))
    report("  words", MODELS_S, lambda: list_models(workspace, "model 7"))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("--renders", type=int, default=10_000, help="number of renders")
    parser.add_argument("--models", type=int, default=100, help="number of models")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        workspace = open_workspace(Path(folder) / "studio")
        fill_renders(workspace, options.renders)
        fill_models(workspace, options.models)
        # Files of the last two seconds are read at every listing.
        time.sleep(2.5)
        time_renders(workspace, options.renders)
        time_models(workspace, options.models)


if __name__ == "__main__":
    run_main(main)

"""Train: by the form, with previews that are heard; through reloads, tabs, a stop and a kill."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import torch
from playwright.sync_api import Page, expect

from distill.errors import UsageError
from distill.library import jobs
from distill.library.corpora import load_corpus
from distill.library.job_types import JobEvent
from distill.library.previews import SEEDS, KeptPreview, kept_previews, preview_path
from distill.models.persistence import load_model_v2
from tests.library.test_jobs import process_of
from tests.page import speaker
from tests.page.conftest import OpenTab, Studio
from tests.page.trainings import ENDLESS, expect_state, make_small, order_by_form, steps_of
from tests.page.waiting import until

STEPS = 100
"""Steps of a training that is killed meanwhile."""


@pytest.fixture(scope="module")
def sounds(studio: Studio) -> Iterator[Path]:
    """The folder of the studio's corpus; no training of a test that failed goes on."""
    yield load_corpus(studio.workspace, studio.corpus).folder
    for job in jobs.list_jobs(studio.workspace):
        with suppress(UsageError):
            jobs.stop(studio.workspace, job.id)


def curve_on(page: Page) -> str:
    """The drawn curve of distances."""
    return str(page.locator(".training-curves canvas").first.evaluate("c => c.toDataURL()"))


@speaker.LISTEN
def test_the_form_trains_and_each_save_is_heard(
    open_tab: OpenTab,
    studio: Studio,
    sounds: Path,
    tiny: dict[str, Any],
    tiny_prior: dict[str, Any],
) -> None:
    page = open_tab(f"/train?corpus={studio.corpus}")
    make_small(page, {"steps": 20, **tiny}, {**tiny_prior, "max_epochs": 1})
    job = jobs.get(studio.workspace, order_by_form(page))
    # Nothing is pressed meanwhile: the generator follows by itself.
    expect_state(page, "done")
    done = jobs.get(studio.workspace, job.id)
    curves = jobs.curves(studio.workspace, job.id)
    assert curves["StepMetrics"][-1].data["step"] == 20
    assert len(curves["PriorEpochMetrics"]) == 1
    expect(page.locator(".verdict-sentence")).to_have_text(done.sentence)
    page.get_by_text("Log", exact=True).click()
    expect(page.locator(".log")).to_contain_text(curves["ValidationMetrics"][-1].data["verdict"])
    expect(page.get_by_role("link", name="Make new sound")).to_be_visible()

    saves = [event.n for event in jobs.list_events(studio.workspace, job.id) if is_save(event)]
    preview = until(lambda: preview_of(studio, job.id, saves[-1]), "a preview of the last save")
    slide_to(page, studio, job.id, preview)
    expect(page.locator(".preview-picture img")).to_have_attribute(
        "src", re.compile(f"/previews/{preview.number}/")
    )
    row = page.locator(".preview").first
    # Both are as loud once the recording is known; until then the model plays by itself.
    row.get_by_role("button", name="original").wait_for()
    row.get_by_role("button", name="model").click()
    of_model = speaker.wait_for_sound(page, 0.1)[:4800]
    path = preview_path(studio.workspace, job.id, preview.number, 0)
    decoded, _ = sf.read(path)
    assert speaker.likeness(of_model, decoded) > 0.99
    speaker.wait_for_silence(page)
    since = speaker.now(page)
    row.get_by_role("button", name="original").click()
    heard = speaker.wait_for_sound(page, 0.1, since)[:4800]
    shown = preview.files[0]
    (original,) = sounds.rglob(shown.sound)
    recording, _ = sf.read(original)
    assert speaker.likeness(heard, recording) > 0.99
    # Both sides are as loud as the softer one.
    assert shown.loudness_lufs is not None
    assert shown.recording_lufs is not None
    assert shown.loudness_lufs != shown.recording_lufs
    difference_db = shown.loudness_lufs - shown.recording_lufs
    ratio = gain_of(heard, recording) / gain_of(of_model, decoded)
    assert ratio == pytest.approx(10 ** (difference_db / 20), rel=0.02)

    hear_epoch(page, studio, job.id, curves["PriorEpochMetrics"][0].n)


def slide_to(page: Page, studio: Studio, job_id: str, preview: KeptPreview) -> None:
    """Show a preview by the slider, which goes back in time."""
    numbers = [kept.number for kept in kept_previews(studio.workspace, job_id)]
    place = numbers.index(preview.number)
    slider = page.locator(".save-slider input")
    until(lambda: int(slider.get_attribute("max") or 0) >= place, "the preview on the page")
    slider.fill(str(place))
    expect(page.locator(".save-slider")).to_contain_text(f"{place + 1} of ")


def hear_epoch(page: Page, studio: Studio, job_id: str, number: int) -> None:
    """Play the last seed of the best epoch of the prior whose event has this number."""
    preview = until(lambda: preview_of(studio, job_id, number), "a preview of the epoch")
    slide_to(page, studio, job_id, preview)
    expect(page.locator(".save-slider")).to_contain_text(f"epoch {preview.epoch}")
    rows = page.locator(".preview")
    expect(rows).to_have_count(len(SEEDS))
    file = preview.files[-1]
    expect(rows.last).to_contain_text(f"seed {SEEDS[-1]}, repeats {file.copy_percent:.0f} %")
    speaker.wait_for_silence(page)
    since = speaker.now(page)
    rows.last.get_by_role("button", name="model").click()
    heard = speaker.wait_for_sound(page, 0.1, since)[:4800]
    path = preview_path(studio.workspace, job_id, number, len(SEEDS) - 1)
    sound, _ = sf.read(path)
    assert speaker.likeness(heard, sound) > 0.99


def gain_of(heard: np.ndarray, sound: np.ndarray) -> float:
    """The gain at which a part of a sound was heard."""
    place = speaker.place_of(heard, sound)
    part = sound[place : place + len(heard)]
    return float(heard @ part / (part @ part))


def is_save(event: JobEvent) -> bool:
    return event.type == "ModelSaved"


def preview_of(studio: Studio, job_id: str, save: int) -> KeptPreview | None:
    kept = kept_previews(studio.workspace, job_id)
    return next((preview for preview in kept if preview.number == save), None)


def test_a_training_outlives_tabs_and_a_stop_keeps_it(
    open_tab: OpenTab, studio: Studio, sounds: Path, tiny: dict[str, Any]
) -> None:
    job = jobs.start(studio.workspace, "train", sounds=sounds, settings={"steps": ENDLESS, **tiny})
    first = open_tab(f"/train/{job.id}")
    expect_state(first, "running")
    until(lambda: steps_of(studio.workspace, job) > 2, "some steps")
    first.reload()
    expect_state(first, "running")
    expect(first.locator(".training-curves canvas").first).to_be_visible()
    first.close()
    # No tab is open any more.
    before = steps_of(studio.workspace, job)
    until(lambda: steps_of(studio.workspace, job) > before + 2, "further steps")
    first = open_tab("/train")
    first.get_by_role("link", name=job.title).first.click()
    second = open_tab(f"/train/{job.id}")
    for page in (first, second):
        expect_state(page, "running")
    expect(second.locator(".training-curves canvas").first).to_be_visible()
    early = curve_on(second)
    until(lambda: curve_on(second) != early, "a curve that grows by itself")
    first.get_by_role("button", name="Stop and keep").click()
    for page in (first, second):
        expect_state(page, "stopped")
        expect(page.get_by_role("button", name="Go on")).to_be_visible()
    stopped = jobs.get(studio.workspace, job.id)
    assert stopped.sentence.startswith("Stopped after ")
    for page in (first, second):
        expect(page.locator(".verdict-sentence")).to_have_text(stopped.sentence)
    # A curve that grew step by step is the one that another tab loads at once.
    until(lambda: curve_on(first) == curve_on(second), "equal curves")
    drawn = curve_on(first)
    first.reload()
    until(lambda: curve_on(first) == drawn, "the same curve after a reload")
    model = load_model_v2(Path(job.arguments["output"]))
    assert model.metadata["training"]["steps_done"] == steps_of(studio.workspace, job)


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_a_killed_training_goes_on_to_the_steps_of_an_unbroken_one(
    open_tab: OpenTab, studio: Studio, sounds: Path, tiny: dict[str, Any]
) -> None:
    settings = {"steps": STEPS, "early_stop": False, **tiny}
    job = jobs.start(studio.workspace, "train", sounds=sounds, settings=settings)
    page = open_tab(f"/train/{job.id}")
    until(lambda: steps_of(studio.workspace, job) > 0, "the first step")
    os.kill(process_of(studio.workspace, job), signal.SIGKILL)
    expect_state(page, "cut-off")
    expect(page.locator(".verdict-sentence")).to_contain_text("Cut off at ")
    page.get_by_role("button", name="Go on").click()
    expect_state(page, "done")
    assert steps_of(studio.workspace, job) == STEPS
    whole = jobs.start(studio.workspace, "train", sounds=sounds, settings=settings)
    until(lambda: not jobs.get(studio.workspace, whole.id).state.is_alive, "an unbroken run")
    models = [load_model_v2(Path(each.arguments["output"])) for each in (job, whole)]
    assert [model.metadata["training"]["steps_done"] for model in models] == [STEPS, STEPS]
    weights, expected = (model.model.state_dict() for model in models)
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)

"""The tables of docs/formats.md name the keys that files really have."""

import json
import re
from dataclasses import fields
from pathlib import Path

import distill
from distill.audio.tags import read_tags
from distill.data import cache
from distill.data.measurements import Measurements
from distill.inference.codes import file as codes_file
from distill.inference.codes.encode import encode_sound
from distill.inference.recipe import Recipe
from distill.inference.sampling.curves import Steering
from distill.inference.sampling.settings import Sampling
from distill.library.document_file import Document, DocumentEdit
from distill.library.render import Render
from distill.live.control_log import ControlLog
from distill.live.controls import Control
from distill.live.settings import LiveSettings
from distill.models.persistence import load_model_v2
from distill.models.sda_checks import VERSION
from distill.models.sda_file import read_contents
from distill.training import checkpoint

TEXT = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text under a heading, up to the next heading of any level."""
    result = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert result, title
    return result[1]


def keys(title: str, column: int = 0) -> set[str]:
    """Names in one column of the table under a heading."""
    rows = re.findall(r"^\|(.+)\|$", section(title), re.MULTILINE)[2:]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[column])}


def test_a_control_log_has_the_keys_of_the_page(trained: Path, tmp_path: Path) -> None:
    settings = LiveSettings(seed=1, sampling=Sampling(), steering=Steering())
    log = ControlLog(settings=settings, entries=settings.entries(load_model_v2(trained)))
    log.note(3, Control("level", -6.0))
    lines = log.save(tmp_path / "log.jsonl").read_text().splitlines()
    assert keys("Control log", 1) == {key for line in lines for key in json.loads(line)}


def test_a_model_file_has_the_keys_of_the_page(trained: Path) -> None:
    contents = read_contents(trained)
    assert keys("Model file (`.sda`)") == contents.keys()
    assert f"`{VERSION}`" in section("Model file (`.sda`)")
    for name in ("vqvae_config", "metadata", "prior_config", "prior_metadata"):
        assert keys(f"`{name}`") == contents[name].keys(), name


def test_a_codes_file_has_the_keys_of_the_page() -> None:
    title = "Codes file (`.json`, `.json.gz`)"
    assert keys(title) == set(codes_file.NAMES)
    optional = re.findall(r"^\| `(\w+)` .*; optional, ", section(title), re.MULTILINE)
    assert set(optional) == codes_file.OPTIONAL.keys()


def test_tags_have_the_keys_of_the_page(trained: Path, tmp_path: Path) -> None:
    loaded = load_model_v2(trained)
    assert keys("A generated sound") == {field.name for field in fields(Recipe)}
    for field in fields(Sampling):
        assert f"`{field.name}`" in section("A generated sound"), field.name
    generated = distill.generate(loaded, duration=0.5, seed=1)[0]
    tags = read_tags(generated.save(tmp_path / "new.wav"))
    assert json.loads(tags["comment"]).keys() == {"distill", "copy", "timing"}
    distill.decode(loaded, encode_sound(loaded, generated.audio), tmp_path / "decoded.wav")
    comment = json.loads(read_tags(tmp_path / "decoded.wav")["comment"])
    assert comment["distill"].keys() == {"version", "model_id", "model_hash"}


def test_the_cache_and_checkpoints_are_those_of_the_page() -> None:
    for field in fields(Measurements):
        assert f"`{field.name}`" in section("Sound cache"), field.name
    for name in cache.Width._fields:
        assert f"`{name}`" in section("Sound cache"), name
    assert f"has `version`, now {cache._VERSION}." in " ".join(section("Sound cache").split())
    stated = " ".join(section("Checkpoints").split())
    assert f'"{checkpoint.FORMAT}"` and `version` {checkpoint.VERSION}.' in stated


def test_a_document_has_the_keys_of_the_page() -> None:
    written = {"format", "version", *(field.name for field in fields(Document))} - {"more"}
    assert keys("Document (`codes/ID`)") - {"document", "first", "grids", "others"} >= written - {
        "first"
    }
    for field in fields(DocumentEdit):
        assert f"`{field.name}`" in section("Document (`codes/ID`)")


def test_a_render_has_the_keys_of_the_page() -> None:
    assert keys("Record of a render") == {field.name for field in fields(Render)}

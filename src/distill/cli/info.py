"""`distill info`: the facts of a model file, or of a sound."""

from dataclasses import asdict
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Json

if TYPE_CHECKING:
    from rich.table import Table

    from distill.workflows.describe import ModelFacts, SoundFacts

LARGEST_LOSS = 50.0
"""Nats per code: beyond, exp(loss) is too large a number to print."""


ModelOrSound = Annotated[
    Path, typer.Argument(help="Model file (.sda), or a sound.", metavar="MODEL_OR_SOUND")
]

Curves = Annotated[
    bool,
    typer.Option("--curves", help="Show how the training of a model went, or goes, by its log."),
]


@one_sentence_errors
def info_cmd(model_or_sound: ModelOrSound, curves: Curves = False, json: Json = False) -> None:
    """Show what a model file holds, or what a sound is like and how it was made.

    Of a sound: length, format, level, tempo, key, and the settings that made it.
    """
    if curves:
        _show_curves(model_or_sound, json)
        return
    from distill.workflows.describe import ModelFacts, model_or_sound_facts

    facts = model_or_sound_facts(model_or_sound)
    if json:
        print_json(asdict(facts))
    elif isinstance(facts, ModelFacts):
        make_console().print(_table(_model_rows(facts)))
    else:
        make_console().print(_table(_sound_rows(facts)))


def _show_curves(model: Path, json: bool) -> None:
    from distill.cli.curve_lines import curve_rows
    from distill.library.training_curves import model_curves

    curves = model_curves(model)
    if json:
        print_json(asdict(curves))
        return
    rows = curve_rows(curves) or [("Curves", "none yet")]
    make_console().print(_table(rows))


def _table(rows: list[tuple[str, str]]) -> "Table":
    """A table of titles and texts."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for title, text in rows:
        table.add_row(title, Text(text))
    return table


# --- sound ----------------------------------------------------------------------------------------


def _sound_rows(facts: "SoundFacts") -> list[tuple[str, str]]:
    """Titles and texts about a sound."""
    from distill.cli.doctor import duration_text

    return [
        ("Name", facts.name),
        ("Length", duration_text(facts.duration_s)),
        ("Format", _format_line(facts)),
        *_measured_rows(facts),
        ("Written by", facts.software or "not stated"),
        ("Recipe", _recipe_line(facts)),
        *(("Remark", remark) for remark in (facts.reason, *facts.remarks) if remark),
    ]


def _format_line(facts: "SoundFacts") -> str:
    channels = {1: "mono", 2: "stereo"}.get(facts.channels, f"{facts.channels} channels")
    return f"{facts.format} ({facts.subtype}), {facts.sample_rate} Hz, {channels}"


def _measured_rows(facts: "SoundFacts") -> list[tuple[str, str]]:
    """Titles and texts about what is heard; none of a sound that cannot be used."""
    if facts.peak_db is None:
        return []
    loudness = "" if facts.loudness is None else f", {facts.loudness:.1f} LUFS"
    return [
        # Adding zero turns -0.0 into 0.0.
        ("Level", f"peak {round(facts.peak_db, 1) + 0.0:.1f} dB{loudness}"),
        ("Tempo", "no steady beat" if facts.tempo is None else f"{facts.tempo:.1f} BPM"),
        ("Key", facts.key or "none stands out"),
    ]


def _recipe_line(facts: "SoundFacts") -> str:
    recipe = facts.recipe
    if recipe is None:
        return f"none: {facts.recipe_loss}" if facts.recipe_loss else "none: not made by Distill"
    blend = recipe["blend"]
    second = f", blended with {blend['name']}:{blend['share']:g}" if blend else ""
    return (
        f"{recipe['way']['kind']}, seed {recipe['seed']}, {recipe['duration']:g} s, by the model "
        f"with id {recipe['model_id']}{second}: distill generate MODEL_PATH --again makes it once "
        "more"
    )


# --- model ----------------------------------------------------------------------------------------


def _model_rows(facts: "ModelFacts") -> list[tuple[str, str]]:
    """Titles and texts about a model."""
    prior = facts.prior_metadata or {}
    levels = ", ".join(
        f"{level['name']} {level['utilisation']:.0%} (perplexity {level['perplexity']:.0f})"
        for level in facts.level_health
    )
    rows = [
        ("Name", f"{facts.name}  (id {facts.id})"),
        ("Made", f"{facts.created} with Distill {facts.distill_version}"),
        ("Codec", _codec_line(facts)),
        ("Frame memory", _memory_line(facts)),
        ("Codes in use", levels or "not measured yet"),
    ]
    if facts.stereo:
        rows.append(("Stereo", _stereo_line(facts.stereo)))
    rows += [
        ("Corpus", f"{facts.corpus_files} files, {facts.corpus_s:.1f} s"),
        ("Verdict", str(facts.verdict)),
        ("Prior", _prior_line(facts)),
    ]
    # Priors of earlier versions have neither.
    if losses := prior.get("level_losses"):
        rows.append(("Perplexity", _perplexities(losses)))
    if verdict := prior.get("verdict"):
        rows.append(("Its verdict", verdict))
    if facts.pulse_known:
        rows.append(("Tempo", _tempo_line(facts)))
    return [*rows, ("Steered by", _steering_line(facts)), ("Licence", str(facts.licence))]


def _codec_line(facts: "ModelFacts") -> str:
    mono = "mono" if facts.output_channels == 1 else "dual mono"
    channels = mono if facts.channels == 1 else "stereo"
    return (
        f"{facts.sample_rate} Hz, {channels}, {facts.num_quantizers} levels of "
        f"{facts.codebook_size} codes at {facts.frame_rate:.1f} frames/s "
        f"({facts.bits_per_second / 1000:.2f} kb/s)"
    )


def _memory_line(facts: "ModelFacts") -> str:
    if not facts.memory_frames:
        return "none"
    frames = f"{facts.memory_frames} frames ({1000 / facts.frame_rate:.0f} ms)"
    return f"{facts.memory_width} numbers for each of up to {frames} of your recordings"


def _stereo_line(stereo: dict[str, list[float]]) -> str:
    side, side_decoded = stereo["side_db"]
    correlation, correlation_decoded = stereo["correlation"]
    return (
        f"side at {side:.1f} dB in your recordings, {side_decoded:.1f} dB as decoded; "
        f"left and right correlate {correlation:.2f}, {correlation_decoded:.2f} as decoded"
    )


def _prior_line(facts: "ModelFacts") -> str:
    if not facts.has_prior:
        return "none yet: run distill train-prior"
    config: dict[str, Any] = facts.prior_config or {}
    metadata: dict[str, Any] = facts.prior_metadata or {}
    return (
        f"{config['num_layers']} layers of {config['hidden_size']}, "
        f"{metadata['epochs_trained']} epochs, "
        f"held-out perplexity {metadata['best_perplexity']:.1f} of {facts.codebook_size}, "
        f"{metadata['training_date']}"
    )


def _perplexities(losses: list[float]) -> str:
    """Held-out perplexity of each level, from losses in nats per code."""
    from distill.models.levels import level_names

    pairs = zip(level_names(len(losses)), losses, strict=True)
    return ", ".join(f"{name} {exp(min(loss, LARGEST_LOSS)):.1f}" for name, loss in pairs)


def _tempo_line(facts: "ModelFacts") -> str:
    from distill.data.doctor import tempo_sentence

    if facts.tempo is None:
        return "no recording keeps a beat"
    return tempo_sentence(facts.tempo, facts.recordings, "recording")


def _steering_line(facts: "ModelFacts") -> str:
    if not facts.steered_by:
        return "nothing: train the prior again" if facts.has_prior else "nothing yet"
    return ", ".join([*facts.steered_by, *(f"tag {name}" for name in facts.tags)])

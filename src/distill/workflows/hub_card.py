"""The card of a model at the hub, from what its file says; it names no recording."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distill.workflows.hub_sounds import CardSound

CARD = """---
{header}
---

# {title}

A model of Distill: a neural codec{and_prior}, of {length} of sound in {channels}.

| | |
|---|---|
{rows}

{licence}
{sounds}
    distill generate hf://{repository} -o new.wav

The file `model.sda` is a zip archive that `torch.save` writes. Distill runs no code in it. A
scanner may warn of its pickle, which holds numbers, texts, lists and tables alone.
"""


def model_card(
    contents: dict[str, Any],
    repository: str,
    sounds: "Sequence[CardSound]" = (),
    place: str = "",
) -> str:
    """The card as Markdown.

    Args:
        contents: Entries of the model file, as it is pushed.
        repository: `USER/NAME`.
        sounds: New sounds of the model, which lie beside it.
        place: Address of the files.
    """
    metadata = contents["metadata"]
    prior = contents.get("prior_metadata") if contents.get("has_prior") else None
    corpus = metadata.get("corpus") or []
    seconds = sum(entry.get("duration_s", 0) for entry in corpus)
    channels = contents["vqvae_config"]["channels"]
    tags = ["audio", "distill", "music", "neural-codec"]
    # JSON is YAML.
    header = "\n".join(
        [f"tags: {json.dumps(tags)}", "library_name: distill", "pipeline_tag: audio-to-audio"]
    )
    rows = [f"| {title} | {_cell(value)} |" for title, value in _rows(metadata, prior) if value]
    return CARD.format(
        header=header,
        title=_cell(metadata.get("name") or repository.partition("/")[2]),
        and_prior=" and a generator" if prior else "",
        length=f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s",
        channels="stereo" if channels == 2 else "mono",
        rows="\n".join([*rows, f"| Recordings | {len(corpus)} |"]),
        licence=_cell(metadata.get("licence") or ""),
        sounds=_players(sounds, place),
        repository=repository,
    )


def _players(sounds: "Sequence[CardSound]", place: str) -> str:
    """Players of new sounds, with what each repeats; empty without any."""
    if not sounds:
        return ""
    parts = ["", "New sounds, as the model draws them:", ""]
    for sound in sounds:
        parts += [
            f'<audio controls src="{place}/{sound.file}"></audio>',
            "",
            f"Seed {sound.seed}: {sound.copy_percent:.0f} % repeats passages of the recordings.",
            "",
        ]
    return "\n".join(parts)


def _rows(metadata: dict[str, Any], prior: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Titles and values; empty ones are unknown."""
    curve = metadata.get("loss_curves") or [{}]
    last = curve[-1]
    rows = [
        ("Verdict", metadata.get("verdict") or ""),
        ("Mel distance, own", _number(last.get("own_loss"), "{:.2f}")),
        ("Mel distance, held out", _number(last.get("val_loss"), "{:.2f}")),
    ]
    if prior:
        percents = (prior.get("copying") or {}).get("percents") or []
        mean = sum(percents) / len(percents) if percents else None
        rows += [
            ("Verdict on the generator", prior.get("verdict") or ""),
            ("Held-out perplexity", _number(prior.get("best_perplexity"), "{:.1f}")),
            ("Repeats passages", _number(mean, "{:.0f} % of test sounds")),
        ]
    return rows


def _number(value: Any, form: str) -> str:
    return form.format(value) if isinstance(value, int | float) else ""


def _cell(text: str) -> str:
    """A text in one cell of a table, without markup of its own."""
    plain = " ".join(str(text).split())
    return plain.replace("|", "\\|").replace("<", "&lt;").replace("`", "'")

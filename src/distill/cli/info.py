"""`distill info`: what a model file holds."""

from math import exp, log2
from typing import TYPE_CHECKING, Any

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Json, ModelPath

if TYPE_CHECKING:
    from rich.table import Table

app = typer.Typer()


@app.command()
@one_sentence_errors
def info_cmd(model_path: ModelPath, json: Json = False) -> None:
    """Say what a model file holds."""
    from distill.models.persistence import read_header

    facts = _facts(read_header(model_path))
    if json:
        print_json(facts)
    else:
        make_console().print(_table(facts))


def _facts(header: dict[str, Any]) -> dict[str, Any]:
    from distill.models.prior_metadata import SteeringFacts, brief

    config, metadata = header["vqvae_config"], header["metadata"]
    frame_rate = metadata.get("frame_rate") or 0.0
    bits = frame_rate * config["num_quantizers"] * log2(config["codebook_size"])
    corpus = metadata.get("corpus", [])
    prior = header.get("prior_metadata") or {}
    steering = SteeringFacts.from_dict(prior.get("steering") or {})
    return {
        "name": metadata.get("name"),
        "id": metadata.get("id"),
        "created": metadata.get("created"),
        "distill_version": metadata.get("distill_version"),
        "sample_rate": config["sample_rate"],
        "channels": config["channels"],
        "output_channels": metadata.get("output_channels") or config["channels"],
        "frame_rate": frame_rate,
        "codebook_size": config["codebook_size"],
        "num_quantizers": config["num_quantizers"],
        "bits_per_second": bits,
        "memory_frames": config.get("memory_frames", 0),
        "memory_width": config.get("memory_width", 0),
        "level_health": metadata.get("level_health", []),
        "stereo": metadata.get("stereo") or {},
        "corpus_files": len(corpus),
        "corpus_s": sum(entry.get("duration_s", 0) for entry in corpus),
        "corpus_loudness": metadata.get("corpus_loudness"),
        "verdict": metadata.get("verdict"),
        "verdict_kind": metadata.get("verdict_kind"),
        "licence": metadata.get("licence"),
        "has_prior": bool(header.get("has_prior")),
        "prior_config": header.get("prior_config"),
        "prior_metadata": brief(prior) or None,
        "steered_by": list(steering.descriptors),
        "tags": list(steering.tags),
    }


def _table(facts: dict[str, Any]) -> "Table":
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    mono = "mono" if facts["output_channels"] == 1 else "dual mono"
    channels = mono if facts["channels"] == 1 else "stereo"
    codec = (
        f"{facts['sample_rate']} Hz, {channels}, {facts['num_quantizers']} levels of "
        f"{facts['codebook_size']} codes at {facts['frame_rate']:.1f} frames/s "
        f"({facts['bits_per_second'] / 1000:.2f} kb/s)"
    )
    levels = ", ".join(
        f"{h['name']} {h['utilisation']:.0%} (perplexity {h['perplexity']:.0f})"
        for h in facts["level_health"]
    )
    rows = [
        ("Name", f"{facts['name']}  (id {facts['id']})"),
        ("Made", f"{facts['created']} with Distill {facts['distill_version']}"),
        ("Codec", codec),
        ("Frame memory", _memory_line(facts)),
        ("Codes in use", levels or "not measured yet"),
        *([("Stereo", _stereo_line(facts["stereo"]))] if facts["stereo"] else []),
        ("Corpus", f"{facts['corpus_files']} files, {facts['corpus_s']:.1f} s"),
        ("Verdict", facts["verdict"]),
        ("Prior", _prior_line(facts)),
        *_levels_of_prior(facts),
        *_verdict_on_prior(facts),
        ("Steered by", _steering_line(facts)),
        ("Licence", facts["licence"]),
    ]
    for title, text in rows:
        table.add_row(title, str(text))
    return table


def _memory_line(facts: dict[str, Any]) -> str:
    if not facts["memory_frames"]:
        return "none"
    frames = f"{facts['memory_frames']} frames ({1000 / facts['frame_rate']:.0f} ms)"
    return f"{facts['memory_width']} numbers for each of up to {frames} of your recordings"


def _stereo_line(stereo: dict[str, list[float]]) -> str:
    (side, side_decoded), (alike, alike_decoded) = stereo["side_db"], stereo["correlation"]
    return (
        f"side at {side:.1f} dB in your recordings, {side_decoded:.1f} dB as decoded; "
        f"left and right correlate {alike:.2f}, {alike_decoded:.2f} as decoded"
    )


def _levels_of_prior(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Held-out perplexity of each level; no row for priors of earlier versions, which do not
    tell."""
    from distill.models.levels import level_names

    losses = (facts["prior_metadata"] or {}).get("level_losses")
    if not losses:
        return []
    pairs = zip(level_names(len(losses)), losses, strict=True)
    return [("Perplexity", ", ".join(f"{name} {exp(min(loss, 50.0)):.1f}" for name, loss in pairs))]


def _verdict_on_prior(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """A row, or none: priors of earlier versions have no verdict."""
    verdict = (facts["prior_metadata"] or {}).get("verdict")
    return [("Its verdict", verdict)] if verdict else []


def _prior_line(facts: dict[str, Any]) -> str:
    if not facts["has_prior"]:
        return "none yet: run distill train-prior"
    config, metadata = facts["prior_config"], facts["prior_metadata"]
    return (
        f"{config['num_layers']} layers of {config['hidden_size']}, {metadata['epochs_trained']} epochs, "
        f"held-out perplexity {metadata['best_perplexity']:.1f} of {facts['codebook_size']}, "
        f"{metadata['training_date']}"
    )


def _steering_line(facts: dict[str, Any]) -> str:
    if not facts["steered_by"]:
        return "train the prior again" if facts["has_prior"] else "none yet"
    return ", ".join([*facts["steered_by"], *(f"tag {name}" for name in facts["tags"])])

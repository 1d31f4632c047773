"""`distill train-prior`: a prior over a model's codes, put into the same file."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import (
    INTERRUPTED,
    cancel_on_interrupt,
    make_console,
    one_sentence_errors,
    print_json,
)
from distill.cli.keys import stop_by_key
from distill.cli.options import DatasetDir, Device, Json, ModelPath, Threads
from distill.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from distill.training.metrics import PriorEpochMetrics, PriorStepMetrics

app = typer.Typer()


@app.command()
@one_sentence_errors
def train_prior_cmd(
    model_path: ModelPath,
    dataset_dir: DatasetDir,
    epochs: Annotated[int | None, typer.Option("--epochs", "-e", help="Epochs at most.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Minutes to train at most, however many epochs that is.")
    ] = None,
    hidden_size: Annotated[int | None, typer.Option(help="Width of the network.")] = None,
    layers: Annotated[int | None, typer.Option(help="Layers of the network.")] = None,
    heads: Annotated[int | None, typer.Option(help="Attention heads.")] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate at its highest.")] = None,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Train the prior of a model, which generates.

    It learns how your sounds go on, and goes into the model file. The key s, or Ctrl-C, stops and
    keeps the best.
    """
    from distill.device import pick_device
    from distill.models.persistence import read_header
    from distill.workflows.train import prior_settings, train_prior

    console = make_console(quiet=json)
    if epochs is not None and minutes is not None:
        raise UsageError("Give only one of --epochs and --minutes.")
    overrides: dict[str, Any] = {
        "max_epochs": epochs,
        "minutes": minutes,
        "hidden_size": hidden_size,
        "num_layers": layers,
        "num_heads": heads,
        "learning_rate": lr,
        "threads": threads,
    }
    pick_device(device)
    had_prior = bool(read_header(model_path).get("has_prior"))
    config, file_count = prior_settings(dataset_dir, **overrides)
    show = _Epochs(console, minutes)
    with cancel_on_interrupt() as cancelled, stop_by_key(cancelled) as has_key:
        _print_header(console, model_path, dataset_dir, file_count, vars(config), overrides)
        if has_key:
            console.print("Press s to stop and use the best weights so far.", style="dim")
        if had_prior:
            console.print(
                "The prior in this file will be replaced when the new one is ready.", style="yellow"
            )
        with console.status("Encoding your sounds …") as status:
            result = train_prior(
                model_path,
                dataset_dir,
                callback=show,
                cancel_event=cancelled,
                step_callback=lambda m: status.update(_step_line(m)),
                device=device,
                **overrides,
            )
    if json:
        print_json(_summary(model_path, dataset_dir, result))
    if result["prior_model"] is None:
        console.print(
            f"Stopped before the first validation: {model_path} is unchanged.", soft_wrap=True
        )
        raise typer.Exit(INTERRUPTED)
    _print_summary(console, model_path, result)


def _print_header(
    console: "Console",
    model: Path,
    dataset: Path,
    files: int,
    config: dict[str, Any],
    overrides: dict[str, Any],
) -> None:
    length = ("Epochs", "max_epochs") if overrides["minutes"] is None else ("Minutes", "minutes")
    rows = [length, ("Hidden size", "hidden_size"), ("Layers", "num_layers")]
    rows += [("Heads", "num_heads"), ("Learning rate", "learning_rate")]
    for title, value in (("Model", model), ("Dataset", dataset), ("Files", files)):
        console.print(f"{title + ':':<14} {value}", soft_wrap=True)
    for title, name in rows:
        origin = "auto" if overrides[name] is None else "override"
        console.print(f"{title + ':':<14} {config[name]} ({origin})")


def _step_line(m: "PriorStepMetrics") -> str:
    return f"Epoch {m.epoch}: step {m.step} of {m.steps_per_epoch}, loss {m.loss:.3f}"


class _Epochs:
    """Prints a line an epoch, warnings as they happen, and every verdict of a new kind."""

    def __init__(self, console: "Console", minutes: float | None) -> None:
        self.console, self.minutes, self.said = console, minutes, ""

    def __call__(self, m: "PriorEpochMetrics") -> None:
        total = f"/{m.total_epochs}" if self.minutes is None else ""
        self.console.print(
            f"Epoch {m.epoch}{total} | train_loss: {m.train_loss:.4f} | val_loss: {m.val_loss:.4f} "
            f"| perplexity: {m.val_perplexity:.1f} | best: {m.best_perplexity:.1f}",
            soft_wrap=True,
        )
        if m.is_memorizing:
            self.console.print(m.memorization_message, style="bold yellow", soft_wrap=True)
        if m.verdict_kind != self.said and m.verdict != m.memorization_message:
            self.console.print(m.verdict, soft_wrap=True)
        self.said = m.verdict_kind


def _print_summary(console: "Console", model_path: Path, result: dict[str, Any]) -> None:
    done, last = result["complete"], result["history"][-1]
    config = result["prior_config"]
    if result["unknown_files"]:
        unknown = f"{result['unknown_files']} of {result['file_count']} files"
        console.print(
            f"{unknown} are not among those that the codec was trained on; they were split by content.",
            soft_wrap=True,
            style="yellow",
        )
    console.print(
        f"{'Stopped' if done.interrupted else 'Done'} after {done.epochs_trained} epochs. "
        f"train_loss: {last['train_loss']:.4f}, val_loss: {last['val_loss']:.4f}, "
        f"perplexity: {done.final_perplexity:.1f}, best (kept): {done.best_perplexity:.1f}.",
        soft_wrap=True,
    )
    console.print(done.verdict, soft_wrap=True)
    console.print(", ".join(f"{name} {value}" for name, value in config.items()), soft_wrap=True)
    for warning in result["warnings"]:
        console.print(warning, style="yellow", soft_wrap=True)
    console.print(f"Prior is in: {model_path}", soft_wrap=True)
    console.print(
        f"Next:        distill generate {quote(str(model_path))} -o new.wav", soft_wrap=True
    )


def _summary(model_path: Path, dataset_dir: Path, result: dict[str, Any]) -> dict[str, Any]:
    done = result["complete"]
    return {
        "model": model_path,
        "dataset": dataset_dir,
        "file_count": result["file_count"],
        "unknown_files": result["unknown_files"],
        "epochs_trained": done.epochs_trained,
        "final_perplexity": done.final_perplexity,
        "best_perplexity": done.best_perplexity if result["history"] else None,
        "elapsed_s": done.elapsed_s,
        "interrupted": done.interrupted,
        "verdict": done.verdict,
        "verdict_kind": done.verdict_kind,
        "level_losses": result["level_losses"],
        "copying": result["copying"],
        "prior_config": result["prior_config"],
        "history": result["history"],
        "warnings": result["warnings"],
    }

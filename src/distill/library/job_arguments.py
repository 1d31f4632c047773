"""Arguments of jobs by ids, for faces that send no paths, and the model that a job writes. Free of
torch."""

from pathlib import Path
from typing import Any

from distill.errors import UsageError
from distill.library.corpora import load_corpus
from distill.library.job_types import Job
from distill.library.models import list_models, load_model
from distill.library.workspace import Workspace


def order_by_ids(
    workspace: Workspace,
    kind: str,
    *,
    corpus: str,
    model: str = "",
    name: str = "",
    settings: dict[str, Any] | None = None,
    prior: dict[str, Any] | None = None,
    device: str = "auto",
) -> tuple[str, dict[str, Any]]:
    """The kind and the arguments for `jobs.start`.

    Args:
        workspace: The workspace.
        kind: `scan`, `train`, `train-prior`, or `continue` for the next version of a model.
        corpus: Id of the corpus.
        model: Id of the model, of the last two.
        name: Name of the new model; empty for that of the folder.
        settings: Settings of the codec, or of the prior in `train-prior`.
        prior: Settings of the prior to train afterwards; None trains none.
        device: `auto`, `cpu`, `cuda` or `mps`.

    Raises:
        UsageError: There is no such corpus, model or kind, or a model is missing.
    """
    sounds = str(load_corpus(workspace, corpus).folder)
    if kind == "scan":
        return kind, {"sounds": sounds}
    if kind in ("train-prior", "continue") and not model:
        raise UsageError(f"A job '{kind}' begins with a model: choose one.")
    path = str(load_model(workspace, model).path) if model else ""
    if kind == "train-prior":
        arguments = {"model": path, "sounds": sounds, "settings": settings or {}, "device": device}
        return kind, arguments
    return "train", {
        "sounds": sounds,
        "settings": settings or {},
        "prior": prior,
        "device": device,
        "model_name": name or None,
        "parent": path if kind == "continue" else "",
    }


def model_of(workspace: Workspace, job: Job) -> str:
    """The id of the model that a job writes, once it is in the library; else empty."""
    path = job.arguments.get("output") or job.arguments.get("model")
    if not path or not Path(path).is_file():
        return ""
    found = (model.id for model in list_models(workspace).models if str(model.path) == str(path))
    return next(found, "")

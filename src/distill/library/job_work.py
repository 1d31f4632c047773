"""The work of the kinds of jobs. Loads torch: only the process of a job imports it."""

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from distill.data.corpus import scan_corpus
from distill.data.curation import NO_CURATION, Curation
from distill.device import pick_device
from distill.files import plain_json, replace_atomically
from distill.library.corpora import find_corpus
from distill.library.corpus_listing import PartialScan, keep_scan
from distill.library.epoch_previews import EpochPreviews
from distill.library.job_kinds import ScanArguments, TrainArguments, TrainPriorArguments
from distill.library.job_run import JobRun, UnrecordedRun
from distill.library.job_types import ScanComplete
from distill.library.records import RecordError
from distill.library.tensorboard_log import logging_run
from distill.models.persistence import read_header
from distill.training.metrics import (
    PriorEpochMetrics,
    PriorTrainingCompleteEvent,
    StepMetrics,
    TrainingCompleteEvent,
)
from distill.training.paths import checkpoint_path
from distill.workflows import train as workflow
from distill.workflows.describe import corpus_facts, file_facts
from distill.workflows.versions import continue_model


def scan(run: JobRun, arguments: ScanArguments) -> None:
    """Scan a folder of sounds; the report goes into `report.json` of the job."""
    corpus = find_corpus(run.workspace, arguments.sounds)
    partial = PartialScan(run.workspace, corpus)
    report = scan_corpus(
        arguments.sounds,
        arguments.channels,
        run.show_scan,
        corpus.curation,
        on_file=lambda file: partial.add(plain_json(asdict(file_facts(file)))),
    )
    facts = corpus_facts(report)
    keep_scan(run.workspace, corpus, plain_json(asdict(facts)))
    with replace_atomically(run.folder / "report.json") as file:
        file.write(json.dumps({"version": 1} | plain_json(asdict(facts))).encode("ascii"))
    run.write(
        ScanComplete(
            used=facts.used,
            skipped=facts.skipped,
            total_s=facts.total_s,
            verdict=facts.verdict,
            advice=tuple(facts.advice),
        )
    )
    verdict = "go" if facts.verdict == "go" else "fix this first"
    run.conclude(True, f"{facts.used} sounds can be used. Verdict: {verdict}.")


# --- codec, then prior ----------------------------------------------------------------------------


def train(run: JobRun, arguments: TrainArguments) -> None:
    """Train a codec, and a prior if one is wanted."""
    pick_device(arguments.device)
    run.check()
    with logging_run(run, arguments.log, arguments.sounds):
        _train(run, arguments)


def _train(run: JobRun, arguments: TrainArguments) -> None:
    if not _is_codec_finished(run, arguments):
        complete = _train_codec(run, arguments)
        conclude_codec(run, complete)
        if not complete.finished:
            return
    if arguments.prior is not None:
        prior = TrainPriorArguments(
            model=arguments.output,
            sounds=arguments.sounds,
            settings=arguments.prior,
            device=arguments.device,
            ignore_choices=arguments.ignore_choices,
        )
        train_prior(run, prior)


def _train_codec(run: JobRun, arguments: TrainArguments) -> TrainingCompleteEvent:
    output = Path(arguments.output)
    has_begun = arguments.resume or (run.is_resumed and run.has_event(StepMetrics))
    if has_begun and checkpoint_path(output).exists():
        return workflow.resume(
            output,
            sounds=arguments.sounds or None,
            callback=run.write,
            on_validation=run.on_validation,
            cancel_event=run.cancel_event,
            device=arguments.device,
            progress=run.show_scan,
            discard_prior=arguments.discard_prior,
        )
    verb: Any = workflow.train
    if arguments.parent:
        verb = partial(continue_model, arguments.parent)
    complete: TrainingCompleteEvent = verb(
        arguments.sounds,
        output,
        callback=run.write,
        on_validation=run.on_validation,
        cancel_event=run.cancel_event,
        device=arguments.device,
        model_name=arguments.model_name,
        discard_prior=arguments.discard_prior,
        overwrite=arguments.overwrite,
        progress=run.show_scan,
        curation=curation_of(run, arguments),
        **arguments.settings,
    )
    return complete


def curation_of(run: JobRun, arguments: TrainArguments | TrainPriorArguments) -> Curation:
    """The choices about the sounds of a training, in the workspace of its job."""
    # A workspace that cannot be used holds no choices: a remark has said so.
    if arguments.ignore_choices or isinstance(run, UnrecordedRun):
        return NO_CURATION
    try:
        return find_corpus(run.workspace, arguments.sounds).curation
    except RecordError as error:
        raise RecordError(f"{error} Or train without your choices: --ignore-choices.") from error


def _is_codec_finished(run: JobRun, arguments: TrainArguments) -> bool:
    """Whether an earlier run of this job finished the codec.

    The last save removes the checkpoint, and comes before the last event: a kill may lie between.
    """
    output = Path(arguments.output)
    if not run.is_resumed or checkpoint_path(output).exists() or not run.has_event(StepMetrics):
        return False
    return output.exists() and output.stat().st_mtime >= run.order.created


def conclude_codec(run: JobRun, complete: TrainingCompleteEvent) -> None:
    """Say how codec training ended."""
    if complete.finished:
        run.conclude(True, complete.verdict)
    else:
        run.conclude(False, f"Stopped after {complete.steps} steps; all is saved.")


def train_prior(run: JobRun, arguments: TrainPriorArguments) -> None:
    """Train a prior into a model file."""
    pick_device(arguments.device)
    run.check()
    if _is_prior_finished(run, arguments):
        run.conclude(True, "The prior is in the model.")
        return
    with logging_run(run, arguments.log, arguments.sounds):
        result = workflow.train_prior(
            arguments.model,
            arguments.sounds,
            callback=run.write,
            step_callback=run.write,
            cancel_event=run.cancel_event,
            device=arguments.device,
            progress=run.show_scan,
            keep_checkpoint=True,
            curation=curation_of(run, arguments),
            learns_on=arguments.learns_on,
            best_callback=EpochPreviews(run),
            preparation_callback=run.write,
            **arguments.settings,
        )
    conclude_prior(run, result)


def _is_prior_finished(run: JobRun, arguments: TrainPriorArguments) -> bool:
    """Whether an earlier run of this job put its prior into the model, and was killed then."""
    model = Path(arguments.model)
    if not run.is_resumed or checkpoint_path(model, "prior").exists():
        return False
    last = run.last_event(PriorEpochMetrics)
    if last is None or model.stat().st_mtime < last.t:
        return False
    return bool(read_header(model).get("has_prior"))


def conclude_prior(run: JobRun, result: dict[str, Any]) -> None:
    """Say how prior training ended."""
    complete: PriorTrainingCompleteEvent = result["complete"]
    run.write(complete)
    if result["prior_model"] is None:
        run.conclude(False, "Stopped before the first validation: the model is unchanged.")
    elif complete.interrupted:
        epochs = complete.epochs_trained
        run.conclude(False, f"Stopped after {epochs} epochs; the best weights are in the model.")
    else:
        run.conclude(True, complete.verdict)

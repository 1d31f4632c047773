"""Distill: train a small neural codec and a generator on your own recordings.

A model is one `.sda` file: the codec, which turns sound into codes and back, and the prior, which
draws new codes.

Example:
    import distill

    distill.train("sounds", "my.sda", minutes=20)
    distill.train_prior("my.sda", "sounds")
    model = distill.load("my.sda")
    distill.generate(model, duration=12, seed=7)[0].save("new.wav")

    codes = distill.encode(model, "any.wav")
    slow = distill.edit.stretch(codes, factor=2).grid
    distill.decode(model, slow, "slow.wav")
"""

from typing import TYPE_CHECKING

from distill.exports import lazy_exports

if TYPE_CHECKING:
    # The same names as below, for type checkers and editors.
    from distill.audio.delivery import Delivery
    from distill.data.corpus import scan_corpus
    from distill.data.housekeeping import cache_size, clear_cache, shrink_cache
    from distill.errors import CancelledError, DistillError
    from distill.inference.codes.file import load_codes, save_codes
    from distill.inference.codes.grid import CodeGrid
    from distill.inference.codes.rearrange import EditResult
    from distill.inference.codes.region import Region, parse_region
    from distill.inference.generate import Generated
    from distill.library import jobs
    from distill.library.job_types import Job, JobEvent, JobState
    from distill.library.player import Player
    from distill.library.tensorboard_log import TensorBoardLog
    from distill.library.training_curves import ModelCurves, model_curves
    from distill.library.workspace import Workspace, open_workspace
    from distill.live.playing import Live, PlaySummary
    from distill.workflows import describe, edit
    from distill.workflows.codes import decode, decode_column, decode_entry, decode_to_file, encode
    from distill.workflows.convert import convert_sound
    from distill.workflows.export import Exported, export
    from distill.workflows.folders import encode_folder, write_entries
    from distill.workflows.generate import generate, generate_again
    from distill.workflows.hub import pull, push
    from distill.workflows.load import load
    from distill.workflows.pack import Kit, pack
    from distill.workflows.play import play
    from distill.workflows.stream import Stream, stream
    from distill.workflows.train import resume, train, train_prior
    from distill.workflows.versions import continue_model

__version__ = "0.2.0"

_HOMES = {
    "CancelledError": "errors",
    "CodeGrid": "inference.codes.grid",
    "Delivery": "audio.delivery",
    "DistillError": "errors",
    "EditResult": "inference.codes.rearrange",
    "Generated": "inference.generate",
    "Job": "library.job_types",
    "JobEvent": "library.job_types",
    "JobState": "library.job_types",
    "Player": "library.player",
    "Region": "inference.codes.region",
    "Workspace": "library.workspace",
    "cache_size": "data.housekeeping",
    "clear_cache": "data.housekeeping",
    "continue_model": "workflows.versions",
    "convert_sound": "workflows.convert",
    "decode": "workflows.codes",
    "decode_column": "workflows.codes",
    "decode_entry": "workflows.codes",
    "decode_to_file": "workflows.codes",
    "encode": "workflows.codes",
    "encode_folder": "workflows.folders",
    "export": "workflows.export",
    "Exported": "workflows.export",
    "generate": "workflows.generate",
    "generate_again": "workflows.generate",
    "Kit": "workflows.pack",
    "Live": "live.playing",
    "load": "workflows.load",
    "model_curves": "library.training_curves",
    "ModelCurves": "library.training_curves",
    "load_codes": "inference.codes.file",
    "open_workspace": "library.workspace",
    "pack": "workflows.pack",
    "parse_region": "inference.codes.region",
    "play": "workflows.play",
    "PlaySummary": "live.playing",
    "pull": "workflows.hub",
    "push": "workflows.hub",
    "resume": "workflows.train",
    "save_codes": "inference.codes.file",
    "scan_corpus": "data.corpus",
    "shrink_cache": "data.housekeeping",
    "Stream": "workflows.stream",
    "stream": "workflows.stream",
    "TensorBoardLog": "library.tensorboard_log",
    "train": "workflows.train",
    "train_prior": "workflows.train",
    "write_entries": "workflows.folders",
}
_MODULES = {
    "describe": "workflows.describe",
    "edit": "workflows.edit",
    "jobs": "library.jobs",
}

__all__ = [
    "CancelledError",
    "CodeGrid",
    "Delivery",
    "DistillError",
    "EditResult",
    "Exported",
    "Generated",
    "Job",
    "JobEvent",
    "JobState",
    "Kit",
    "Live",
    "ModelCurves",
    "PlaySummary",
    "Player",
    "Region",
    "Stream",
    "TensorBoardLog",
    "Workspace",
    "__version__",
    "cache_size",
    "clear_cache",
    "continue_model",
    "convert_sound",
    "decode",
    "decode_column",
    "decode_entry",
    "decode_to_file",
    "describe",
    "edit",
    "encode",
    "encode_folder",
    "export",
    "generate",
    "generate_again",
    "jobs",
    "load",
    "load_codes",
    "model_curves",
    "open_workspace",
    "pack",
    "parse_region",
    "play",
    "pull",
    "push",
    "resume",
    "save_codes",
    "scan_corpus",
    "shrink_cache",
    "stream",
    "train",
    "train_prior",
    "write_entries",
]

__getattr__ = lazy_exports(__name__, _HOMES, _MODULES)

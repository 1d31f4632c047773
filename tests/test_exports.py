"""Each package exports exactly what it promises."""

import ast
import importlib
import inspect
from pathlib import Path
from types import ModuleType

import pytest

import distill

PUBLIC = {
    "distill": {
        "__version__",
        "CodeGrid",
        "CancelledError",
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
        "TensorBoardLog",
        "model_curves",
        "PlaySummary",
        "Player",
        "Region",
        "Stream",
        "Workspace",
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
        "open_workspace",
        "pack",
        "parse_region",
        "play",
        "pull",
        "push",
        "cache_size",
        "clear_cache",
        "shrink_cache",
        "continue_model",
        "resume",
        "save_codes",
        "scan_corpus",
        "stream",
        "train",
        "train_prior",
        "write_entries",
    },
    "distill.models": {
        "VQVAE",
        "CodePrior",
        "flatten_codes",
        "unflatten_codes",
        "extract_code_sequences",
        "LoadedVQModel",
        "save_model_v2",
        "load_model_v2",
        "save_prior_to_model",
    },
    "distill.training": {
        "VQVAEConfig",
        "get_adaptive_vqvae_config",
        "train_vqvae",
        "resume_vqvae",
        "PriorConfig",
        "get_adaptive_prior_config",
        "train_prior",
        "train_prior_epoch",
        "validate_prior_epoch",
        "check_memorization",
        "LevelHealth",
        "StepMetrics",
        "ValidationMetrics",
        "BatchHalved",
        "StoppingEarly",
        "VerdictKind",
        "PriorVerdictKind",
        "ModelSaved",
        "TrainingCompleteEvent",
        "PriorStepMetrics",
        "PriorEpochMetrics",
        "PriorTrainingCompleteEvent",
    },
    "distill.cli": {"app", "main", "bootstrap"},
}

# Names fixed by module, whether or not a package exports them too.
FIXED = {
    "distill.models.prior": "CodePrior flatten_codes unflatten_codes extract_code_sequences",
    "distill.models.persistence": "LoadedVQModel save_model_v2 load_model_v2 save_prior_to_model",
    "distill.training.config": "VQVAEConfig get_adaptive_vqvae_config",
    "distill.training.loop": "train_vqvae",
    "distill.training.metrics": "PriorStepMetrics PriorEpochMetrics PriorTrainingCompleteEvent",
    "distill.training.prior_config": "PriorConfig get_adaptive_prior_config",
    "distill.training.prior_loop": (
        "train_prior train_prior_epoch validate_prior_epoch check_memorization"
    ),
    "distill.data.corpus": "collect_audio_files scan_corpus",
    "distill.cli.train": "app train_cmd",
    "distill.cli.train_prior": "app train_prior_cmd",
}


@pytest.mark.parametrize("package", PUBLIC)
def test_all_is_what_is_promised(package: str) -> None:
    module = importlib.import_module(package)
    assert set(module.__all__) == PUBLIC[package]
    assert len(set(module.__all__)) == len(module.__all__)
    assert [name for name in module.__all__ if getattr(module, name, None) is None] == []


def test_type_checkers_see_the_same_names_in_the_same_places() -> None:
    """The imports for type checkers and the homes that exports load from say the same."""
    tree = ast.parse(Path(distill.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    homes = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        homes |= {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    assert set(homes) == set(distill.__all__) - {"__version__"}
    for name, path in homes.items():
        home, _, _ = path.rpartition(".")
        is_module = isinstance(getattr(distill, name), ModuleType)
        place = importlib.import_module(path if is_module else home)
        assert getattr(distill, name) is (place if is_module else getattr(place, name))


@pytest.mark.parametrize("package", PUBLIC)
def test_an_unknown_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = importlib.import_module(package).no_such_name


@pytest.mark.parametrize("module", FIXED)
def test_fixed_names_stand_where_they_should(module: str) -> None:
    holder = importlib.import_module(module)
    assert [name for name in FIXED[module].split() if not hasattr(holder, name)] == []


@pytest.mark.parametrize(
    ("module", "name", "parameters"),
    [
        ("models", "save_prior_to_model", "model_path prior_model prior_config prior_metadata"),
        (
            "models",
            "CodePrior",
            "codebook_size seq_len num_quantizers hidden_size num_layers num_heads dropout",
        ),
        ("training", "train_prior", "model_path dataset_dir prior_config callback cancel_event"),
        ("training", "check_memorization", "val_perplexity codebook_size dataset_file_count"),
        ("training", "get_adaptive_prior_config", "file_count"),
        ("training", "get_adaptive_vqvae_config", "file_count"),
    ],
)
def test_fixed_signatures_begin_as_fixed(module: str, name: str, parameters: str) -> None:
    function = getattr(importlib.import_module(f"distill.{module}"), name)
    expected = parameters.split()
    assert list(inspect.signature(function).parameters)[: len(expected)] == expected


def test_epoch_metrics_hold_what_is_fixed() -> None:
    fields = importlib.import_module("distill.training").PriorEpochMetrics.__dataclass_fields__
    fixed = (
        "epoch total_epochs train_loss val_loss val_perplexity best_perplexity is_memorizing "
        "memorization_message epoch_time_s learning_rate"
    )
    assert set(fixed.split()) <= set(fields)

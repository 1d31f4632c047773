"""A server answers before torch is there: what it imports of the library does without."""

import json
import subprocess
import sys

import pytest

MODULES = [
    "distill.library.bin",
    "distill.library.codes_requests",
    "distill.library.commands",
    "distill.library.comparison",
    "distill.library.comparison_orders",
    "distill.library.comparisons",
    "distill.library.corpora",
    "distill.library.corpus_choices",
    "distill.library.corpus_files",
    "distill.library.corpus_folders",
    "distill.library.corpus_listing",
    "distill.library.document_work",
    "distill.library.documents",
    "distill.library.drafts",
    "distill.library.drawings",
    "distill.library.editing",
    "distill.library.file_manager",
    "distill.library.generation_requests",
    "distill.library.job_arguments",
    "distill.library.job_here",
    "distill.library.jobs",
    "distill.library.measurement_cache",
    "distill.library.leftovers",
    "distill.library.models",
    "distill.library.peaks",
    "distill.library.places",
    "distill.library.pictures",
    "distill.library.player",
    "distill.library.player_request",
    "distill.library.player_requests",
    "distill.library.player_task",
    "distill.library.preset",
    "distill.library.preset_options",
    "distill.library.presets",
    "distill.library.previews",
    "distill.library.render_places",
    "distill.library.render_table",
    "distill.library.renders",
    "distill.library.run_job",
    "distill.library.sound_files",
    "distill.library.sound_requests",
    "distill.library.system_player",
    "distill.library.takes",
    "distill.library.upload_names",
    "distill.library.workspace",
]
"""Modules that a server imports."""

MOST_MEGABYTES = 60
"""Resident memory of a process that has imported all of them, in MB."""

CODE = """
import importlib, json, sys
for name in {modules}:
    importlib.import_module(name)
with open("/proc/self/status") as file:
    status = dict(line.split(":", 1) for line in file)
peak = int(status["VmHWM"].split()[0]) * 1024
print(json.dumps(["torch" in sys.modules, "scipy" in sys.modules, peak / 1e6]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_server_imports_no_torch_and_stays_small() -> None:
    command = [sys.executable, "-c", CODE.format(modules=MODULES)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    has_torch, has_scipy, megabytes = json.loads(output)
    assert not has_torch
    assert not has_scipy
    assert megabytes < MOST_MEGABYTES

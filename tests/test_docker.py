"""The image: its file is sound, and serves what the README says. It is built in no test."""

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_dockerfile_has_no_faults() -> None:
    hadolint = shutil.which("hadolint", path=sysconfig.get_path("scripts"))
    if hadolint is None:
        pytest.skip("hadolint has no wheel for this system")
    found = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")


def test_the_readme_runs_what_the_image_serves() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (run,) = re.findall(r"^    (docker run .+)$", readme, re.MULTILINE)
    (port,) = re.findall(r"^EXPOSE (\d+)$", dockerfile, re.MULTILINE)
    assert f"-p 127.0.0.1:{port}:{port}" in run
    assert f'"--port", "{port}"' in dockerfile
    volumes = re.findall(r"-v \S+?:(/[^\s:]+)", run)
    made = re.findall(r"/home/musician/\w+", dockerfile)
    assert set(volumes) <= set(made)


def test_all_that_the_image_copies_is_sent_to_it() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {
        word for line in re.findall(r"^COPY (.+) \S+$", dockerfile, re.M) for word in line.split()
    }
    assert {f"!{name}" for name in copied} <= set(ignored)
    assert all((ROOT / name).exists() for name in copied)

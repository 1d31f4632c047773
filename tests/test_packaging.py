"""The package: it builds, passes the checks of the index, installs, runs, and is typed.

The new environment finds the dependencies in this one: they are installed by nobody twice.
"""

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import distill

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
USER_SCRIPT = """
from pathlib import Path

import distill


def make(model: Path) -> float:
    loaded = distill.load(model)
    (sound,) = distill.generate(loaded, duration=1.0, seed=1)
    sound.save("new.wav")
    return sound.loudness
"""
# What the types of others say matters to nobody here, and takes a minute.
MYPY = """
[mypy]
strict = True
[mypy-torch.*,numpy.*,scipy.*,PIL.*,soundfile.*,soxr.*,rich.*,starlette.*]
follow_imports = skip
ignore_missing_imports = True
[mypy-distill.*]
follow_imports = silent
"""


def plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source package, as the index gets both."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the scripts of an environment that has the wheel and nothing else of ours."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False)
    paths = sysconfig.get_paths(vars={"base": str(home), "platbase": str(home)})
    site = Path(paths["purelib"])
    (site / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    python = home / SCRIPTS / Path(sys.executable).name
    python = python if python.exists() else home / SCRIPTS / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    options = ["--no-index", "--no-deps", "--ignore-installed", "--disable-pip-version-check"]
    subprocess.run([*pip, *options, str(wheel)], check=True, env=plain_environment())
    return home / SCRIPTS


def test_the_index_takes_the_package(wheel: Path) -> None:
    files = [str(path) for path in wheel.parent.iterdir()]
    assert len(files) == 2
    checked = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *files], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_wheel_has_types_and_the_page_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "distill/py.typed" in names
    assert any(name.startswith("distill/ui/static/") and name.endswith(".js") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "docs/", "benchmarks/"))]


def test_the_installed_command_runs(installed: Path, tmp_path: Path) -> None:
    environment = plain_environment()
    for arguments in (["--version"], ["--help"], ["train", "--help"]):
        done = subprocess.run(
            [installed / "distill", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
    where = subprocess.run(
        [installed / "python", "-c", "import distill; print(distill.__file__)"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    ).stdout
    assert Path(where.strip()).is_relative_to(installed.parent)


def test_shells_complete_commands(installed: Path, tmp_path: Path) -> None:
    asked = {"_DISTILL_COMPLETE": "complete_bash", "COMP_WORDS": "distill tra", "COMP_CWORD": "1"}
    done = subprocess.run(
        [installed / "distill"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=plain_environment() | asked,
    )
    assert done.stdout.split() == ["train", "train-prior"]


def test_scripts_of_users_are_checked_by_our_types(installed: Path, tmp_path: Path) -> None:
    script = tmp_path / "user.py"
    (tmp_path / "mypy.ini").write_text(MYPY)
    options = ["--config-file", "mypy.ini", "--python-executable", str(installed / "python")]
    outputs = []
    for code in (USER_SCRIPT, USER_SCRIPT.replace("sound.loudness", "sound.path_of_it")):
        script.write_text(code)
        checked = subprocess.run(
            [sys.executable, "-m", "mypy", *options, script.name],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=plain_environment(),
        )
        outputs.append(checked.stdout)
    assert outputs[0].startswith("Success"), outputs[0]
    assert '"Generated" has no attribute "path_of_it"' in outputs[1]


def test_versions_agree() -> None:
    assert PROJECT["version"] == distill.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {distill.__version__}\n" in citation

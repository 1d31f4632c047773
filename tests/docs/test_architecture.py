"""docs/architecture.md lists every source file, in the section of its folder."""

import re
from pathlib import Path

import distill

ROOT = Path(distill.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
MARKERS = ("__init__", "__main__")


def listed() -> dict[str, set[str]]:
    """Files that the tables name, by folder: `inference/codes` has `grid`, `region` and so on."""
    files: dict[str, set[str]] = {}
    package = folder = ""
    layers = PAGE.partition("## Layers")[2].partition("## Main objects")[0]
    for line in layers.splitlines():
        if heading := re.fullmatch(r"### (\w+)", line):
            package = folder = "" if heading[1] == "root" else heading[1]
        elif room := re.match(r"\*\*`(\w+)`\*\*", line):
            folder = f"{package}/{room[1]}"
        elif line == "Above them:":
            folder = package
        elif line.startswith("| `") and "### " in layers[: layers.index(line)]:
            names = re.findall(r"`(\w+)`", line.split("|")[1])
            files.setdefault(folder, set()).update(names)
    return files


def test_every_file_is_listed_in_its_folder() -> None:
    result: dict[str, set[str]] = {}
    for path in ROOT.rglob("*.py"):
        folder = path.parent.relative_to(ROOT).as_posix()
        if path.stem not in MARKERS:
            result.setdefault("" if folder == "." else folder, set()).add(path.stem)
    assert listed() == result


def test_the_files_that_it_names_exist() -> None:
    for name in re.findall(
        r"`((?:audio|data|models|inference|training|workflows|cli)/\S+\.py)`", PAGE
    ):
        assert (ROOT / name).is_file(), name

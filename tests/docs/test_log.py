"""The experiment log has one form: each entry says when, what and how it ended, and the index names
every entry."""

import re
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOG = ROOT / "docs" / "log"
INDEX = (LOG / "README.md").read_text(encoding="utf-8")
SUBJECTS = sorted(path for path in LOG.glob("*.md") if path.name != "README.md")

ENTRY = re.compile(r"## (?P<date>\S+) · (?P<title>.+) · (?P<verdict>kept|dropped|mixed|measured)")
COMMIT = re.compile(r"Commit [0-9a-f]{7}\b.*\.")
ROW = re.compile(r"\| (?P<date>\S+) \| \[(?P<title>.+)\]\((?P<link>\S+)\) \| (?P<verdict>\w+) \|")
SCRIPT = re.compile(r"python -m (?P<module>benchmarks(?:\.\w+)+)")
LINK = re.compile(r"\]\((?!https?:)(?P<file>[^)#\s]+)(?:#[^)\s]+)?\)")


def headings(path: Path) -> list[str]:
    """The headings of the entries in one file, in order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("## ")]


def link_to(path: Path, heading: str) -> str:
    """The link to an entry, with the anchor that GitHub derives from its heading."""
    anchor = re.sub(r"[^\w\- ]", "", heading.removeprefix("## ").lower())
    return f"{path.name}#{anchor.replace(' ', '-')}"


@pytest.mark.parametrize("path", SUBJECTS, ids=lambda path: path.stem)
def test_every_heading_has_date_title_and_verdict(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert headings(path)
    for heading in headings(path):
        entry = ENTRY.fullmatch(heading)
        assert entry is not None, heading
        date.fromisoformat(entry["date"])


@pytest.mark.parametrize("path", SUBJECTS, ids=lambda path: path.stem)
def test_the_newest_entry_comes_first(path: Path) -> None:
    dates = [heading.split()[1] for heading in headings(path)]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize("path", SUBJECTS, ids=lambda path: path.stem)
def test_a_line_with_the_commit_follows_every_heading(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("## "):
            following = next(text for text in lines[number + 1 :] if text)
            assert COMMIT.fullmatch(following), f"{line}\n{following}"


def test_the_index_names_every_entry_and_no_other() -> None:
    listed = [row.groupdict() for row in map(ROW.fullmatch, INDEX.splitlines()) if row]
    written = []
    for path in SUBJECTS:
        for heading in headings(path):
            entry = ENTRY.fullmatch(heading)
            assert entry is not None, heading
            written.append({**entry.groupdict(), "link": link_to(path, heading)})

    def by_link(row: dict[str, str]) -> str:
        return row["link"]

    assert sorted(listed, key=by_link) == sorted(written, key=by_link)


@pytest.mark.parametrize("path", sorted(LOG.glob("*.md")), ids=lambda path: path.stem)
def test_links_lead_to_files(path: Path) -> None:
    for link in LINK.finditer(path.read_text(encoding="utf-8")):
        assert (LOG / link["file"]).exists(), link["file"]


@pytest.mark.parametrize("path", [*SUBJECTS, LOG.parent / "results.md"], ids=lambda path: path.stem)
def test_commands_name_scripts_that_exist(path: Path) -> None:
    for script in SCRIPT.finditer(path.read_text(encoding="utf-8")):
        file = ROOT / f"{script['module'].replace('.', '/')}.py"
        assert file.exists(), script["module"]

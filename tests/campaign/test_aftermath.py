"""What the campaign sees in the files of a job that died."""

from pathlib import Path

import pytest

from tests.campaign.aftermath import judge_files, snapshot
from tests.campaign.forked import command
from tests.campaign.jobs import Job

EDIT = Job("edit", lambda folder: command("info"), (), ("edited.json",))
TEMPORARY = f".distill-{'0' * 32}.tmp"


@pytest.mark.parametrize(
    ("name", "content", "is_dead", "what"),
    [
        ("codes.json", b"", True, "lost"),
        ("codes.json", None, True, "lost"),
        ("new.json", b"{}", True, "litter"),
        ("edited.json", b'{"format": "dist', True, "torn"),
        (TEMPORARY, b"half", True, None),
        (TEMPORARY, b"half", False, "litter"),
    ],
)
def test_harm_is_seen(
    tmp_path: Path, name: str, content: bytes | None, is_dead: bool, what: str | None
) -> None:
    (tmp_path / "codes.json").write_bytes(b"of a musician")
    before = snapshot(tmp_path)
    assert judge_files(EDIT, tmp_path, before, is_dead) is None
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    harm = judge_files(EDIT, tmp_path, before, is_dead)
    assert (harm.what if harm else None) == what

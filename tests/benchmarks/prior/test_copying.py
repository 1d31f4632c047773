"""The copying benchmark: goals of each case, and what counts as found."""

from benchmarks.prior import copying
from distill.inference.copies.report import CopyReport, NearPassage, SharedRun


def report(percent: float, passage: str, run: str | None = None) -> CopyReport:
    """A report that names these recordings."""
    near = NearPassage(
        seconds=1.0, distance_db=2.0, is_same=True, output_s=0.0, source=passage, source_s=0.0
    )
    shared = SharedRun(seconds=1.0, bits=50.0, output_s=0.0, source=run or "", source_s=0.0)
    return CopyReport(percent, share=0.5, runs=(shared if run else None,), passage=near)


def test_planted_passages_have_to_be_found_and_new_ones_not_flagged() -> None:
    louder = copying.goal_of("louder")
    assert louder.figure == "found"
    assert louder.bound.is_met(0.95)
    assert not louder.bound.is_met(0.94)
    never_heard = copying.goal_of("never heard")
    assert never_heard.figure == "flagged"
    assert never_heard.bound.is_met(0.05)
    assert not copying.goal_of("held out").bound.is_met(0.06)


def test_a_passage_is_found_when_flagged_with_the_right_file() -> None:
    reports = [
        report(80, passage="a.wav"),
        report(80, passage="b.wav", run="a.wav"),
        report(80, passage="b.wav"),
        report(10, passage="a.wav"),
    ]
    row = copying.summary(["a.wav"] * 4, reports)
    assert row["flagged"] == 0.75
    assert row["found"] == 0.5
    assert row["percent_median"] == 80

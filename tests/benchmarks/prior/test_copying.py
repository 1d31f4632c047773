"""The copying benchmark: goals of each case, and what counts as found."""

from benchmarks.prior import copying
from distill.inference.copies.report import CopyReport, NearPassage, SharedRun


def report(percent: float, passage: str, run: str | None = None) -> CopyReport:
    """A report that names these recordings."""
    near = NearPassage(
        seconds=1.0,
        distance_db=2.0,
        is_same=True,
        is_passage=True,
        output_s=0.0,
        source=passage,
        source_s=0.0,
    )
    shared = SharedRun(seconds=1.0, bits=50.0, output_s=0.0, source=run or "", source_s=0.0)
    return CopyReport(
        passage_percent=percent,
        event_percent=90 - percent,
        share=0.5,
        passage_share=0.4,
        runs=(shared if run else None,),
        passage=near,
    )


def test_planted_passages_have_to_be_found_and_new_ones_not_flagged() -> None:
    louder = copying.goals_of("louder")[0]
    assert louder.figure == "found"
    assert louder.bound.is_met(0.95)
    assert not louder.bound.is_met(0.94)
    never_heard = copying.goals_of("never heard")[0]
    assert never_heard.figure == "flagged"
    assert never_heard.bound.is_met(0.05)
    assert not copying.goals_of("held out")[0].bound.is_met(0.06)


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
    assert row["passage_percent_median"] == 80
    assert row["event_percent_median"] == 10


def test_events_in_a_new_order_have_to_count_as_events() -> None:
    goals = copying.goals_of("new order")
    assert [goal.figure for goal in goals] == ["passage_percent", "event_percent"]
    assert goals[0].bound.is_met(5.0)
    assert not goals[0].bound.is_met(5.1)
    assert goals[1].bound.is_met(90.0)
    assert not goals[1].bound.is_met(89.0)

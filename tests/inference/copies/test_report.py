"""The sentence of a copy report names the plainest evidence."""

from distill.inference.copies.report import CopyReport, NearPassage, SharedRun

LIGHT = SharedRun(seconds=1.0, bits=20.0, output_s=0.0, source="light.wav", source_s=0.0)
HEAVY = SharedRun(seconds=0.5, bits=90.0, output_s=1.0, source="heavy.wav", source_s=2.5)
NONE = "It repeats no passage of your recordings, beyond what a new recording of yours would."


def passage(is_passage: bool) -> NearPassage:
    return NearPassage(
        seconds=0.8,
        distance_db=2.0,
        is_same=is_passage,
        is_passage=is_passage,
        output_s=0.25,
        source="passage.wav",
        source_s=3.0,
    )


def report(
    passage_percent: float,
    event_percent: float,
    runs: tuple[SharedRun | None, ...],
    nearest: NearPassage | None,
) -> CopyReport:
    return CopyReport(
        passage_percent=passage_percent,
        event_percent=event_percent,
        share=0.5,
        passage_share=0.4,
        runs=runs,
        passage=nearest,
    )


def test_a_report_near_zero_names_no_recording() -> None:
    assert report(0.4, 0.4, (HEAVY,), passage(is_passage=True)).sentence == NONE


def test_single_events_are_named_after_passages() -> None:
    events = "42 % is made of single sounds of yours in a new order."
    assert report(0.0, 42, (HEAVY,), passage(is_passage=False)).sentence == f"{NONE} {events}"
    both = report(12, 42, (None,), passage(is_passage=True)).sentence
    assert both.startswith("About 12 % of it repeats passages of your recordings, most plainly ")
    assert both.endswith(f"(here at 0.25 s). {events}")


def test_a_passage_that_sounds_the_same_comes_first() -> None:
    assert report(42, 0, (HEAVY,), passage(is_passage=True)).sentence == (
        "About 42 % of it repeats passages of your recordings, most plainly passage.wav from "
        "3.00 s on (here at 0.25 s)."
    )


def test_the_heaviest_run_is_named_where_only_codes_are_the_same() -> None:
    by_codes = report(42, 0, (LIGHT, HEAVY), passage(is_passage=False))
    assert "most plainly heavy.wav from 2.50 s on (here at 1.00 s)" in by_codes.sentence


def test_without_runs_the_nearest_passage_is_named() -> None:
    assert "passage.wav" in report(42, 0, (None,), passage(is_passage=False)).sentence


def test_without_any_evidence_no_recording_is_named() -> None:
    nothing = report(42, 0, (None, None), None)
    assert nothing.sentence == "About 42 % of it repeats passages of your recordings."

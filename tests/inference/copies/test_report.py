"""The sentence of a copy report names the plainest evidence."""

from distill.inference.copies.report import CopyReport, NearPassage, SharedRun

LIGHT = SharedRun(seconds=1.0, bits=20.0, output_s=0.0, source="light.wav", source_s=0.0)
HEAVY = SharedRun(seconds=0.5, bits=90.0, output_s=1.0, source="heavy.wav", source_s=2.5)


def passage(is_same: bool) -> NearPassage:
    return NearPassage(
        seconds=0.8,
        distance_db=2.0,
        is_same=is_same,
        output_s=0.25,
        source="passage.wav",
        source_s=3.0,
    )


def test_a_report_near_zero_names_no_recording() -> None:
    report = CopyReport(percent=0.4, share=0.1, runs=(HEAVY,), passage=passage(is_same=True))
    assert report.sentence == (
        "It repeats your recordings no more than a new recording of yours would."
    )


def test_a_passage_that_sounds_the_same_comes_first() -> None:
    report = CopyReport(percent=42, share=0.5, runs=(HEAVY,), passage=passage(is_same=True))
    assert report.sentence == (
        "About 42 % of it repeats your recordings, most plainly passage.wav from 3.00 s on "
        "(here at 0.25 s)."
    )


def test_the_heaviest_run_is_named_where_only_codes_are_the_same() -> None:
    report = CopyReport(percent=42, share=0.5, runs=(LIGHT, HEAVY), passage=passage(is_same=False))
    assert "most plainly heavy.wav from 2.50 s on (here at 1.00 s)" in report.sentence


def test_without_runs_the_nearest_passage_is_named() -> None:
    report = CopyReport(percent=42, share=0.5, runs=(None,), passage=passage(is_same=False))
    assert "passage.wav" in report.sentence


def test_without_any_evidence_no_recording_is_named() -> None:
    report = CopyReport(percent=42, share=0.5, runs=(None, None), passage=None)
    assert report.sentence == "About 42 % of it repeats your recordings."

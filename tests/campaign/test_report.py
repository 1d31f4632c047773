"""What a campaign reports."""

from pathlib import Path

from tests.campaign.report import Fault, Tally, keep_fault


def fault(place: str, index: int = 0) -> Fault:
    return Fault("traceback", place, "ValueError: no", index, content=b"{}", suffix=".json")


def test_faults_of_one_sort_are_kept_once_and_counted() -> None:
    tally = Tally("codes", planned=4)
    tally.outcomes["refused"] += 1
    for place in ("a.py:f", "a.py:f", "b.py:g"):
        tally.add_fault(fault(place))
    assert tally.done == 4
    assert [kept.place for kept in tally.faults] == ["a.py:f", "b.py:g"]
    assert tally.line().startswith("codes: 4 trials: 1 refused; 3 faults of 2 sorts")


def test_signs_in_a_message_are_written_out() -> None:
    tally = Tally("recipes", planned=1)
    tally.add_fault(Fault("sentence", "", "No '\ud800'.", 0))
    assert tally.fault_lines() == ["  sentence x1 (trial 0) : No '\\ud800'."]


def test_a_campaign_that_ran_out_of_time_says_so() -> None:
    assert "0 trials of 9 planned" in Tally("codes", planned=9).line()


def test_the_input_of_a_fault_is_kept_under_its_kind_and_place(tmp_path: Path) -> None:
    path = keep_fault(tmp_path, "codes", fault("cli/codes.py:show"))
    assert path is not None
    assert path.parent == tmp_path / "codes"
    assert path.name.startswith("traceback-cli-codes-show-")
    assert path.read_bytes() == b"{}"

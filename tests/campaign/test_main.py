"""How a campaign shares its time."""

import pytest

from tests.campaign.__main__ import share_of_time
from tests.campaign.kinds import KINDS


def test_kinds_share_the_time_by_what_whole_runs_take() -> None:
    total = sum(kind.TAKES_S for kind in KINDS)
    rest = 600.0
    shares = {}
    for number, kind in enumerate(KINDS):
        shares[kind.NAME] = share_of_time(rest, KINDS[number:])
        rest -= shares[kind.NAME]
    assert rest == pytest.approx(0.0)
    assert shares == pytest.approx({kind.NAME: 600 * kind.TAKES_S / total for kind in KINDS})
    assert shares["kills"] > 20 * shares["codes"]


def test_what_a_kind_leaves_is_for_the_others() -> None:
    assert share_of_time(60.0, KINDS[-1:]) == 60.0
    assert share_of_time(60.0, KINDS[1:]) > share_of_time(50.0, KINDS[1:])

from datetime import UTC, datetime, timedelta, timezone

import pytest

from distill.errors import UsageError
from distill.library.render_table import RenderQuery, RenderRow, utc_text


def test_moments_sort_as_texts() -> None:
    begin = datetime(2026, 11, 29, 4, 10, 7, tzinfo=UTC)
    moments = [begin + timedelta(milliseconds=n) for n in (0, 1, 999, 1000, 60_000)]
    texts = [utc_text(moment) for moment in moments]
    assert texts == sorted(texts)
    assert texts[0] == "2026-11-29T04:10:07.000000Z"
    east = begin.astimezone(timezone(timedelta(hours=9)))
    assert utc_text(east) == texts[0]


def test_a_day_lasts_to_its_end() -> None:
    _, (since,) = RenderQuery(since="2026-11-29").condition()
    _, (until,) = RenderQuery(until="2026-11-29").condition()
    days = (datetime.fromisoformat(until) - datetime.fromisoformat(since)) / timedelta(days=1)
    # An hour more or less where clocks change.
    assert 0.9 < days < 1.1


def test_an_empty_query_holds_for_all() -> None:
    assert RenderQuery().condition() == ("problem IS NULL", [])


@pytest.mark.parametrize("text", ["x", "0000-00-00", "2026-11-29T99:00", "9999-12-31"])
def test_days_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="--until takes a day"):
        RenderQuery(until=text).condition()


def test_a_row_knows_whether_it_was_written_over() -> None:
    facts = (
        "id",
        "title",
        "",
        "",
        "",
        "new",
        7,
        1.0,
        None,
        None,
        None,
        "",
        "",
        "/a.wav",
        "2026-01-01",
        1,
    )
    assert not RenderRow.of(facts, {}).replaced
    assert not RenderRow.of(facts, {"/a.wav": "2026-01-01"}).replaced
    assert RenderRow.of(facts, {"/a.wav": "2026-01-02"}).replaced
    assert RenderRow.of(facts, {}).starred is True

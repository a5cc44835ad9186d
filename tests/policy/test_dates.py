"""Dates: what users write, and what is refused."""

import datetime

import pytest

from contraflow.policy.dates import format_date, parse_date, parse_end


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (2027, 2027.0),
        ("2027", 2027.0),
        ("2027-01", 2027.0),
        ("2027-07", 2027.5),
        ("2027-1", 2027.0),
        ("2027-01-15", 2027 + 14 / 31 / 12),
        (datetime.date(2027, 2, 1), 2027 + 1 / 12),
    ],
)
def test_a_date_is_the_beginning_of_its_period(written, expected):
    assert parse_date(written) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("written", "expected"), [(2035, 2036.0), ("2035-12", 2036.0), ("2030-06", 2030.5), ("2030-01-31", 2030 + 1 / 12)]
)
def test_an_end_is_the_end_of_its_period(written, expected):
    assert parse_end(written) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("written", ["soon", "2027/01", "27-01", True, 2027.5, None, "01-2027", ""])
def test_what_is_not_a_date_is_told_how_to_write_one(written):
    with pytest.raises(ValueError, match="a date is written 2027, 2027-01 or 2027-01-15"):
        parse_date(written)


def test_months_and_days_that_do_not_exist():
    with pytest.raises(ValueError, match="there is no month 13"):
        parse_date("2027-13")
    with pytest.raises(ValueError, match="no day 30"):
        parse_date("2027-02-30")


@pytest.mark.parametrize("written", ["1999-12", 2036])
def test_dates_outside_the_model_say_what_it_covers(written):
    with pytest.raises(ValueError, match="2000-01 to 2035-12"):
        parse_date(written)


@pytest.mark.parametrize("text", ["2000-01", "2024-12", "2027-02", "2035-11"])
def test_a_month_survives_writing_and_reading(text):
    assert format_date(parse_date(text)) == text

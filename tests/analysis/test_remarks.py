"""Remarks: what must be said beside numbers is said, and nothing where there is nothing to say."""

import contraflow as cf
from contraflow.analysis.remarks import remarks
from contraflow.analysis.wording import FEW_DRAWS, trial


def test_few_draws_are_called_a_trial():
    assert trial(FEW_DRAWS) == ""
    assert trial(FEW_DRAWS - 1) == "99 draws are too few for use: this is a trial."
    assert trial(1) == "1 draw is too few for use: this is a trial."


def test_a_comparison_of_few_draws_says_so_and_one_of_enough_does_not():
    model = cf.load()
    few, enough = (model.compare("baseline", draws, "2026") for draws in (1, FEW_DRAWS))
    assert remarks(few) == [trial(1), *remarks(enough)]
    assert few.to_dict()["remarks"] == remarks(few)

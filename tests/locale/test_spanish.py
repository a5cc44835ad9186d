"""The Spanish catalogue: an entry for every name of the reference model, none for a name that is gone."""

import pytest

from contraflow.errors import UnknownName
from contraflow.locale import SECTIONS, catalogue, spanish
from contraflow.system import EXTENSIONS, SECTORS, reference_model
from contraflow.system.axes import AXES

VARIABLES = reference_model(EXTENSIONS).variables
NAMES = {
    "variable": set(VARIABLES),
    "sector": {module.__name__.rsplit(".", 1)[-1] for module in SECTORS},
    "axis": {axis.name for axis in AXES} | {f"{axis.name}.{label}" for axis in AXES for label in axis.labels},
}
ENTRIES = [(kind, name) for kind, section in SECTIONS.items() for name in catalogue()[section]]


def test_the_catalogue_has_no_other_section():
    assert set(catalogue()) == set(SECTIONS.values())


@pytest.mark.parametrize("kind", SECTIONS)
def test_no_name_is_without_spanish(kind: str):
    assert NAMES[kind] - set(catalogue()[SECTIONS[kind]]) == set()


@pytest.mark.parametrize("kind", SECTIONS)
def test_no_entry_is_stale(kind: str):
    assert set(catalogue()[SECTIONS[kind]]) - NAMES[kind] == set()


def test_every_entry_is_a_label_of_words():
    assert [entry for entry in ENTRIES if not isinstance(spanish(*entry), str) or not spanish(*entry).strip()] == []


def test_no_entry_ends_with_a_full_stop_or_has_stray_spaces():
    assert [entry for entry in ENTRIES if spanish(*entry) != spanish(*entry).strip().rstrip(".")] == []


def test_no_entry_repeats_the_english():
    same = [name for name, variable in VARIABLES.items()
            if spanish("variable", name).casefold() == variable.label.casefold()]  # fmt: skip
    assert same == []


@pytest.mark.parametrize("kind", SECTIONS)
def test_no_two_names_share_a_label(kind: str):
    labels = list(catalogue()[SECTIONS[kind]].values())
    assert sorted({label for label in labels if labels.count(label) > 1}) == []


def test_an_unknown_name_is_an_error_with_the_nearest_one():
    with pytest.raises(UnknownName, match="unknown variable 'tolerence'; did you mean 'tolerance'"):
        spanish("variable", "tolerence")
    with pytest.raises(UnknownName, match="did you mean 'variable'"):
        spanish("variables", "tolerance")

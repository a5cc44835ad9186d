"""YAML as evidence and scenarios use it: version 1.2, line numbers, nothing hidden."""

import datetime

import pytest

from contraflow.errors import LocatedError
from contraflow.evidence import yaml_reader
from contraflow.evidence.yaml_reader import EvidenceError, line_at, line_of, parse_yaml, read_yaml


def test_words_and_numbers_follow_yaml_1_2():
    read = parse_yaml("a: off\nb: 1e3\nc: 90_000\nd: yes\ne: true\nf: 2026-11-21\n", "file.yaml")
    assert read == {"a": "off", "b": 1000.0, "c": 90000, "d": "yes", "e": True, "f": datetime.date(2026, 11, 21)}
    assert type(read["c"]) is int and type(read["b"]) is float and type(read["a"]) is str


def test_lines_are_known_for_keys_and_items():
    read = parse_yaml("# comment\na:\n  b: 1\n  c:\n    - x\n    - {y: 2}\n", "file.yaml")
    assert line_of(read, "a") == 2
    assert line_of(read["a"], "c") == 4
    assert line_at(read, ("a", "c", 1, "y")) == 6
    assert line_at(read, ("a", "missing")) == 2


def test_dates_stay_keys_as_written():
    read = parse_yaml('2027: 1\n2027-01: 2\n"2027-02": 3\n', "file.yaml")
    assert list(read) == [2027, "2027-01", "2027-02"]


@pytest.mark.parametrize(
    ("text", "line", "fragment"),
    [
        ("a: 1\nb: !!python/object x\n", 2, "tags are not allowed"),
        ("a: 1\nb: !mine {c: 1}\n", 2, "tags are not allowed"),
        ("a: 1\nb: 2\na: 3\n", 3, "duplicate key"),
        ("a: &x 1\nb: *x\n", 1, "anchors and aliases"),
        ("- 1\n- 2\n", 1, "expected `key: value`"),
        ("", 1, "expected `key: value`"),
        ("a: [1\n", 2, "expected"),
    ],
)
def test_bad_text_is_refused_with_file_and_line(text, line, fragment):
    with pytest.raises(EvidenceError) as caught:
        parse_yaml(text, "file.yaml")
    assert str(caught.value).startswith(f"file.yaml:{line}: ")
    assert fragment in caught.value.message


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(EvidenceError, match="nothing.yaml: cannot read"):
        read_yaml(tmp_path / "nothing.yaml")


def test_other_layers_choose_their_error():
    class PolicyError(LocatedError):
        pass

    with pytest.raises(PolicyError):
        parse_yaml("- 1", "file.yaml", error=PolicyError)


# What a text means is kept

TEXT = "a: {b: [1, x, .inf], 2027: null, c: true}\nd: 2026-11-21\n"


@pytest.fixture
def parsed(tmp_path, monkeypatch):
    """Texts that were parsed and not taken from the cache, which is empty at first."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    seen = []
    real = yaml_reader._parsed
    monkeypatch.setattr(yaml_reader, "_parsed", lambda text, *rest: seen.append(text) or real(text, *rest))
    return seen


def lines_of(node):
    return (node.lines, node["a"].lines, node["a"]["b"].lines, node["a"]["b"].line)


def test_a_text_is_parsed_once_and_means_the_same_again_with_its_lines(parsed):
    first, second = parse_yaml(TEXT, "file.yaml"), parse_yaml(TEXT, "other.yaml")
    assert parsed == [TEXT]
    assert first == second == {
        "a": {"b": [1, "x", float("inf")], 2027: None, "c": True}, "d": datetime.date(2026, 11, 21)
    }  # fmt: skip
    assert lines_of(first) == lines_of(second)


def test_another_text_is_another_meaning(parsed, tmp_path):
    path = tmp_path / "file.yaml"
    for text in ("a: 1\n", "a: 2\n", "a: 1\n"):
        path.write_text(text)
        assert read_yaml(path) == {"a": int(text[3])}
    assert parsed == ["a: 1\n", "a: 2\n"]


def test_a_damaged_meaning_is_read_again(parsed, tmp_path):
    parse_yaml(TEXT, "file.yaml")
    (kept,) = (tmp_path / "contraflow" / "yaml").iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"null", b"true"))
    assert parse_yaml(TEXT, "file.yaml")["a"][2027] is None
    assert len(parsed) == 2


def test_another_reader_reads_again(parsed, monkeypatch):
    parse_yaml(TEXT, "file.yaml")
    monkeypatch.setattr(yaml_reader, "_reader", lambda: ("another", "1.0"))
    parse_yaml(TEXT, "file.yaml")
    assert len(parsed) == 2


def test_bad_text_is_refused_each_time_under_the_name_of_its_file(parsed):
    for name in ("file.yaml", "other.yaml"):
        with pytest.raises(EvidenceError, match=f"^{name}:2: "):
            parse_yaml("a: [1\n", name)
    assert len(parsed) == 2

"""What licences allow."""

from __future__ import annotations

import pytest

from duologue.errors import UsageError
from duologue.publish.licences import DATA_LICENCES
from duologue.training.terms import check_terms, writers_terms


def test_free_models_need_no_remark() -> None:
    assert check_terms("b", "apache-2.0", writers_terms(["duologue-135m@0123"]), non_commercial=False) == []


@pytest.mark.parametrize("licence", [name for name in DATA_LICENCES if "-nc" not in name and "-nd" not in name])
def test_licences_of_the_table_are_known(licence: str) -> None:
    assert check_terms("b", licence, (), non_commercial=False) == []


@pytest.mark.parametrize(
    ("licence", "writer", "match"),
    [
        ("cc-by-nd-4.0", "smollm2-135m@0", "forbids changed versions"),
        ("cc-by-nc-4.0", "smollm2-135m@0", "--non-commercial"),
        ("qwen-research", "smollm2-135m@0", "--non-commercial"),
        ("apache-2.0", "gpt-4o", "forbid training other models"),
        ("apache-2.0", "command-r-plus", "--non-commercial"),
    ],
)
def test_what_is_forbidden_is_one_line(licence: str, writer: str, match: str) -> None:
    with pytest.raises(UsageError, match=match) as caught:
        check_terms("b", licence, writers_terms([writer]), non_commercial=False)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("base", "licence"),
    [
        ("Qwen/Qwen2.5-3B-Instruct", "other"),
        ("qwen2.5-3b-instruct-q4_k_m", ""),
        ("mistralai/Mistral-Large-Instruct-2407", "other"),
        ("b", "mrl"),
        ("b", "mnpl"),
        ("b", "some-non-commercial-terms"),
    ],
)
def test_a_makers_own_terms_are_known_by_licence_or_model(base: str, licence: str) -> None:
    with pytest.raises(UsageError, match="allows non-commercial use only; say --non-commercial"):
        check_terms(base, licence, (), non_commercial=False)
    assert check_terms(base, licence, (), non_commercial=True) == []


def test_a_free_licence_that_the_models_name_speaks_against_is_a_remark() -> None:
    (note,) = check_terms("my-qwen2.5-3b", "apache-2.0", (), non_commercial=False)
    assert "Qwen Research licence" in note
    assert check_terms("Qwen/Qwen2.5-1.5B-Instruct", "apache-2.0", (), non_commercial=False) == []


def test_non_commercial_use_can_be_stated() -> None:
    assert check_terms("b", "cc-by-nc-4.0", writers_terms(["command-r"]), non_commercial=True)


def test_what_is_not_known_is_said() -> None:
    (note, other) = check_terms("b", "", writers_terms(["my-model"]), non_commercial=False)
    assert "not stated" in note
    assert "not known" in other

"""Errors are domain nouns in a flat tree."""

from service import command_errors, errors


def test_the_tree_of_errors_is_flat() -> None:
    for base in (errors.ServiceError, command_errors.CommandFailed):
        for error in base.__subclasses__():
            assert error.__bases__ == (base,)
            assert error.__subclasses__() == []


def test_an_error_says_where_and_what_to_do() -> None:
    taken = errors.NameTaken("digits", "objectives.1.bound")
    assert str(taken) == "A study 'digits' exists and differs in objectives.1.bound."
    assert taken.where()["field"] == "objectives.1.bound"
    assert "objectives.1.bound" in str(taken.where()["remedy"])


def test_an_error_without_a_place_says_so() -> None:
    assert errors.TrialNotFound(7).where()["field"] is None

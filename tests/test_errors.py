"""Every error: one class per kind, each also a Python error, and one form of message."""

import ast
import inspect
import pickle
from pathlib import Path

import pytest

import microtensor
from microtensor import errors
from microtensor.errors import MicrotensorError

CLASSES = [c for c in vars(errors).values() if inspect.isclass(c)]
ERRORS = [c for c in CLASSES if issubclass(c, MicrotensorError) and c is not MicrotensorError]


def lines(*rows):
    return "\n".join(rows)


def test_a_message_has_what_was_wrong_expected_and_got_and_what_to_do():
    error = MicrotensorError("f: no.", expected="a", got="b", hint="Do this,\nthen that.")
    assert str(error) == lines(
        "f: no.", "  expected  a", "  got       b", "  Do this,", "  then that."
    )
    assert str(MicrotensorError("f: no.")) == "f: no."
    assert str(MicrotensorError("f: no.", got="b")) == lines("f: no.", "  got       b")
    assert str(MicrotensorError("f: no.", hint="Do this.")) == lines("f: no.", "  Do this.")


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_is_also_a_python_error(kind):
    bases = [b for b in kind.__mro__ if b.__module__ == "builtins"]
    assert bases[0] in (
        ValueError, TypeError, RuntimeError, AssertionError, ImportError,
    )  # fmt: skip
    with pytest.raises(bases[0]):
        raise kind("wrong")
    with pytest.raises(MicrotensorError):
        raise kind("wrong")


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_says_what_it_means_in_its_docstring(kind):
    assert kind.__doc__
    assert kind.__doc__.splitlines()[0].endswith((".", ":"))
    assert kind.__doc__ != kind.__base__.__doc__


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_travels_between_processes(kind):
    error = kind("f: no.", expected="a", got="b")
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is kind
    assert str(twin) == str(error)


def test_classes_are_named_for_what_they_are():
    assert all(c.__name__.endswith("Error") for c in ERRORS)
    assert {c.__name__ for c in CLASSES} - {c.__name__ for c in ERRORS} == {
        "MicrotensorError",
        "CompileWarning",
        "DisconnectedWarning",
    }


def unclear(source):
    """Give the lines of errors of a file that do not say what was expected, and what was got."""
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)]
    return [
        call.lineno
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in {"ArgumentError", "DTypeError", "ShapeError"}
        and not {"expected", "got"} <= {k.arg for k in call.keywords}
    ]


@pytest.mark.parametrize("room", ["nn", "losses"])
def test_errors_of_layers_and_losses_say_what_was_expected_and_what_was_got(room):
    files = sorted((Path(microtensor.__file__).parent / room).glob("*.py"))
    assert len(files) > 5
    found = {file.name: unclear(file.read_text(encoding="utf-8")) for file in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_an_error_that_does_not_say_so_would_be_noticed():
    right = 'raise ShapeError("Wrong.", expected="1", got="2")\n'
    assert unclear(right + 'raise ShapeError("Wrong.", got="2")\nraise KeyError("x")') == [2]

"""A program's text runs by itself, with NumPy alone, and gives what the program gives."""

import ast
import builtins
import copy
import dis
import functools
import inspect
import subprocess
import sys
import warnings

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, losses, nn, optim
from microtensor.compiler.interpreting import interpreter
from microtensor.compiler.layout import wrapped
from microtensor.compiler.linking import Linker
from microtensor.compiler.literals import UnwritableError, literal
from microtensor.compiler.naming import named
from microtensor.compiler.readable import objects_of, readable_source
from microtensor.nesting import leaves
from microtensor.primitives import registry


def rng(seed=0):
    return np.random.default_rng(seed)


def loaded(text, name="t"):
    """Run a text in a namespace of its own, warnings being errors, and give what it defines."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        space = {"__name__": name}
        exec(compile(text, name, "exec"), space)
    return space


def imported(text):
    return {
        (a.name if isinstance(n, ast.Import) else n.module).partition(".")[0]
        for n in ast.walk(ast.parse(text))
        if isinstance(n, ast.Import | ast.ImportFrom)
        for a in n.names
    }


def inputs_of(program):
    names = named(program)
    return {names[v]: v.sample for _, v in program.inputs}


def results(program, arrays):
    """Give what the interpreter computes: results, then what is written."""
    found, written = interpreter(program)(*arrays)
    return [*found, *written]


def agree(program, text, tolerance=1e-12, fresh=True):
    """Hold the text against the interpreter, on numbers that the trace never saw."""
    assert "microtensor" not in imported(text)
    function = loaded(text)[ast.parse(text).body[-1].name]
    given = inputs_of(program)
    for key, x in given.items():
        if fresh and isinstance(x, np.ndarray) and x.dtype.kind == "f":
            # what may not be negative, such as mean squares, stays so
            given[key] = (np.abs(x) + rng(7).random(x.shape) * 0.1).astype(x.dtype)
    more = copy.deepcopy(objects_of(program))  # generators among them, before they are drawn from
    got = function(**copy.deepcopy(given), **more)
    expected = results(program, copy.deepcopy(list(given.values())))
    if program.writes:
        got, written = got
        got = [*leaves(got), *written.values()]
    else:
        got = leaves(got)
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        if not isinstance(b, np.ndarray | np.generic | float | int):
            assert a == b
        else:
            assert np.shape(a) == np.shape(b)
            assert getattr(a, "dtype", float) == getattr(b, "dtype", float)
            eps = 1e-5 if getattr(b, "dtype", None) == np.float32 else tolerance
            np.testing.assert_allclose(a, b, rtol=eps, atol=eps)


def training_step(net, loss, optimizer):
    def step(x, y):
        value = loss(net(x), y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value

    return step


def mlp(make=optim.SGD, **options):
    net = nn.MLP(3, [5, 2], activation="tanh", rng=rng(), dtype=float)
    step = training_step(net, losses.cross_entropy, make(net.parameters(), lr=0.01, **options))
    return mt.trace(step)(rng(1).normal(size=(4, 3)), np.array([0, 1, 1, 0]))


def mazur():
    def loss(x, w1, b1, w2, b2, target):
        hidden = mt.sigmoid(x @ w1.T + b1)
        out = mt.sigmoid(hidden @ w2.T + b2)
        return np.sum((target - out) ** 2) / 2

    args = [0.05, 0.10], [[0.15, 0.20], [0.25, 0.30]], [0.35] * 2, [[0.40, 0.45], [0.50, 0.55]]
    arrays = [np.array(a) for a in (*args, [0.60] * 2, [0.01, 0.99])]
    return mt.trace(mt.value_and_grad(loss, argnums=(1, 2, 3, 4)))(*arrays)


def attention():
    class Head(nn.Module):
        def __init__(self):
            self.query, self.key, self.value = (
                nn.Linear(4, 3, bias=False, rng=rng(i), dtype=float) for i in range(3)
            )

        def forward(self, x):
            q, k, v = self.query(x), self.key(x), self.value(x)
            weights = mt.softmax(q @ np.swapaxes(k, -1, -2) / np.sqrt(3.0), axis=-1)
            return weights @ v

    head = Head()

    def step(x):
        loss = np.mean(head(x) ** 2)
        loss.backward()
        return loss

    return mt.trace(step)(rng(1).normal(size=(2, 5, 4)))


def lenet():
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3, rng=rng(), dtype=float), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(27, 4, rng=rng(), dtype=float),
    )  # fmt: skip
    step = training_step(net, losses.cross_entropy, optim.SGD(net.parameters(), lr=0.1))
    return mt.trace(step)(rng(1).normal(size=(2, 1, 8, 8)), np.array([0, 3]))


def normalised():
    norm = nn.LayerNorm(4, dtype=float)
    linear = nn.Linear(4, 4, rng=rng(), dtype=float)

    def step(x):
        loss = np.sum(mt.gelu(norm(linear(x))) ** 2)
        loss.backward()
        return loss

    return mt.trace(step)(rng(1).normal(size=(3, 4)))


def lstm():
    net = nn.LSTM(3, 4, rng=rng(), dtype=float)

    def step(x):
        y, (h, c) = net(x)
        loss = np.sum(y * y) + np.sum(h * c)
        loss.backward()
        return loss

    return mt.trace(step)(rng(1).normal(size=(5, 2, 3)))


def batch_norm_and_dropout():
    net = nn.Sequential(
        nn.Linear(3, 6, rng=rng(), dtype=float), nn.BatchNorm1d(6, dtype=float), nn.ReLU(),
        nn.Dropout(0.5), nn.Linear(6, 2, rng=rng(), dtype=float),
    )  # fmt: skip
    step = training_step(net, losses.cross_entropy, optim.Adam(net.parameters()))
    return mt.trace(step)(rng(1).normal(size=(8, 3)), np.arange(8) % 2)


def scalars():
    a, b = Value(2.0, name="a"), Value(-3.0, name="b")

    def step():
        out = np.tanh(a * b + 1.5) ** 2 / 3
        out.backward()
        return out

    return mt.trace(step)()


def transformer():
    net = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, rng=rng(), dtype=float)

    def step(x):
        loss = np.mean(net(x) ** 2)
        loss.backward()
        return loss

    return mt.trace(step)(rng(1).normal(size=(2, 5, 4)))


def nested():
    def f(p, x):
        return {"y": np.where(x > 0, p["w"] * x, 0.0), "z": [x[1:, ::-1], np.stack([x, x])]}

    return mt.trace(f)({"w": np.ones(3)}, rng(1).normal(size=(4, 3)))


def curvature():
    return mt.trace(mt.grad(lambda x: np.sum(mt.grad(lambda z: np.sum(z**4))(x) ** 2)))(np.ones(3))


def various():
    def f(x):
        parts = [np.cumsum(x, axis=0), np.sort(x, axis=1), np.clip(x, -0.5, 0.5), np.exp(-x * x)]
        parts += [np.maximum(x, 0.1), np.concatenate([x[:1], x[1:]]), np.linalg.inv(x @ x.T) @ x]
        return np.sum(sum(parts) ** 2) + np.max(x)

    return mt.trace(mt.value_and_grad(f))(rng(1).normal(size=(3, 4)))


MODELS = {
    "mlp": mlp,
    "momentum": functools.partial(mlp, momentum=0.9),
    "adam": functools.partial(mlp, optim.Adam),
    "adamw": functools.partial(mlp, optim.AdamW),
    "rmsprop": functools.partial(mlp, optim.RMSprop),
    "mazur": mazur,
    "attention": attention,
    "lenet": lenet,
    "normalised": normalised,
    "lstm": lstm,
    "batch_norm_and_dropout": batch_norm_and_dropout,
    "scalars": scalars,
    "transformer": transformer,
    "nested": nested,
    "curvature": curvature,
    "various": various,
}


@pytest.mark.parametrize("model", MODELS)
def test_the_text_of_a_program_computes_what_the_program_does(model):
    program = MODELS[model]()
    text = program.source
    agree(program, text)
    assert max(map(len, text.splitlines())) <= 100
    assert text == readable_source(program)


def test_a_text_that_computes_another_thing_is_objected_to():
    program = mazur()
    text = program.source
    agree(program, text)
    for old, new in (("1 - ", "2 - "), (" @ w2", " @ -w2"), ("return loss", "return 2 * loss")):
        assert old in text
        with pytest.raises(AssertionError):
            agree(program, text.replace(old, new))


# By itself


def test_a_text_runs_where_this_library_is_not():
    program = lenet()
    given = {k: x.tolist() if hasattr(x, "tolist") else x for k, x in inputs_of(program).items()}
    kinds = {k: getattr(x, "dtype", None) for k, x in inputs_of(program).items()}
    script = (
        "import sys\nsys.modules['microtensor'] = sys.modules['scipy'] = None\n"
        f"{program.source}\n"
        f"given = {given!r}\n"
        f"kinds = { {k: str(d) for k, d in kinds.items() if d is not None}!r}\n"
        "given = {k: np.array(x, kinds[k]) if k in kinds else x for k, x in given.items()}\n"
        "print(repr(float(step(**given)[0])))\n"
    )
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = results(program, list(inputs_of(program).values()))[0]
    assert float(done.stdout) == pytest.approx(float(expected), rel=1e-12)


def test_a_compiled_function_shows_the_text_of_its_last_program():
    double = mt.compile(lambda x: 2 * np.sum(x * x))
    double(np.ones(3))
    space = loaded(double.source)
    assert space["program"](np.array([1.0, 2.0])) == 10.0
    assert double.source == double.programs[-1].source == double.programs[-1].program.source


def test_a_compiled_step_shows_the_text_that_its_trace_has():
    net = nn.LSTM(3, 4, rng=rng(), dtype=float)
    norm = nn.LayerNorm(4, dtype=float)
    optimizer = optim.Adam([*net.parameters(), *norm.parameters()])

    def step(x):
        y, _ = net(x)
        loss = np.mean(norm(y) ** 2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    x = rng(1).normal(size=(5, 2, 3))
    compiled = mt.compile(step)
    compiled(x)
    assert "fitted" not in compiled.source
    lines = compiled.programs[0].program.source.splitlines()
    compiled(x)  # from now on, the optimizer remembers
    assert mt.trace(step)(x).source.splitlines() in (lines, compiled.source.splitlines())


def undefined(text):
    """List the global names that a text reads and nothing defines."""
    space = loaded(text)
    found, stack = set(), [compile(text, "t", "exec")]
    while stack:
        code = stack.pop()
        stack += [c for c in code.co_consts if hasattr(c, "co_code")]
        found |= {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    return {n for n in found if n not in space and not hasattr(builtins, n)}


def functions_with_text():
    """Give all functions of this library that a program may call: forward, and whole rules."""
    for fn, known in registry.items():
        ours = (getattr(fn, "__module__", None) or "").startswith("microtensor.ops")
        if ours and hasattr(fn, "__wrapped_primitive__"):
            yield fn.__name__, fn
            if known.together is not None:
                yield f"{fn.__name__}, together", known.together
            if known.keeps:
                yield from ((f"{fn.__name__}, rule", rule) for rule in known.rules if rule)


def test_every_function_of_the_library_can_be_taken_along():
    pytest.importorskip("scipy")
    count = 0
    for name, fn in functions_with_text():
        linker = Linker(set())
        linker.function(fn)
        text = "\n\n".join([*(f"import {m}" for m in linker.imports), *linker.parts])
        text = text.replace("import numpy\n", "import numpy as np\n")
        assert undefined(f"import numpy as np\n{text}") == set(), name
        assert imported(text).isdisjoint({"microtensor"}), name
        count += 1
    assert count > 100
    assert undefined("def f():\n    return missing") == {"missing"}


def test_lambdas_are_found_where_python_keeps_no_columns():
    script = (
        "import numpy as np, microtensor as mt\n"
        "from microtensor.primitives import registry\n"
        "from microtensor.compiler.linking import Linker\n"
        "linker = Linker(set())\n"
        "linker.function(registry[mt.silu].rules[0], 'silu_backward')\n"
        "print(linker.parts[-1])\n"
    )
    command = [sys.executable, "-X", "no_debug_ranges", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("def silu_backward(g, y, x):\n    return g * ")


def test_a_text_taken_along_does_what_the_function_did():
    linker = Linker({"softmax"})  # a name that the program has already
    name = linker.function(mt.softmax)
    assert name == "softmax_2"
    space = loaded("\n\n".join(["import numpy as np", *linker.parts]))
    x = rng().normal(size=(3, 4))
    np.testing.assert_array_equal(space[name](x), mt.softmax(x))


def test_errors_of_ours_become_pythons_own():
    linker = Linker(set())
    name = linker.function(mt.gelu)
    space = loaded("\n\n".join(["import math\nimport numpy as np", *linker.parts]))
    with pytest.raises(ValueError, match=r"^gelu: there is no such form\.$"):
        space[name](np.ones(2), "other")


def test_labels_that_are_no_classes_are_refused_by_the_text():
    program = mlp()
    step = loaded(program.source)["step"]
    given = inputs_of(program)
    step(**given)
    with pytest.raises(AssertionError):
        step(**{**given, "y": np.array([0, 1, 2, 0])})


def test_a_gradient_of_ones_is_not_multiplied_by():
    text = mt.trace(mt.grad(lambda x: np.sum(np.sin(x))))(np.ones(3)).source
    assert "d_x = np.cos(x)" in text
    kept = mt.trace(lambda x, n: (np.ones(3) * x, 1.0 * n))(np.ones(3), np.arange(3)).source
    a, b = loaded(kept)["program"](np.arange(3.0), np.arange(3))
    assert a.dtype == b.dtype == np.float64


@pytest.mark.parametrize(
    "x",
    [
        0.1, -0.0, 1e300, float("-inf"), True, None, ..., "a'b\n", b"\0", (1, (2.5,)), [],
        {"a": {1}},
        np.float32(0.1), np.float16(-0.3), np.int8(-3), np.bool(True), np.dtype("f4"), np.float32,
        slice(None, 3, -1), range(3), frozenset({2, 1}), np.linalg.inv, np.tanh, np.array(3),
        np.full((2, 3), -0.1, np.float32), np.zeros((0, 2), np.int8), np.array([np.nan, -0.0, 1.5]),
        np.eye(3, dtype=bool), np.arange(5, dtype=np.uint8), np.zeros((2, 2)), np.full(3, -0.0),
    ],
    ids=lambda x: getattr(x, "__name__", None) or repr(x),
)  # fmt: skip
def test_a_value_that_is_written_is_given_again(x):
    tree = literal(x)
    space = {"np": np}
    found = eval(ast.unparse(tree), space)
    assert type(found) is type(x)
    if isinstance(x, np.ndarray | np.generic | float):
        assert np.asarray(found).dtype == np.asarray(x).dtype
        assert np.asarray(found).tobytes() == np.asarray(x).tobytes()
    else:
        assert found == x


LONGER = [np.longdouble(1)] if np.dtype(np.longdouble).itemsize > 8 else []


@pytest.mark.parametrize("x", [object(), np.random.default_rng(0), np.arange(65.0), *LONGER])
def test_a_value_that_no_text_gives_is_refused(x):
    with pytest.raises(UnwritableError):
        literal(x)


# What no text gives


def test_a_primitive_without_text_is_taken_as_an_argument():
    space = {"mt": mt, "np": np}
    exec("@mt.primitive\ndef cube(x):\n    return x * x * x\n", space)
    cube = space["cube"]
    mt.differentiable(cube, lambda g, y, x: g * 3 * x * x)
    text = mt.trace(lambda x: np.sum(cube(x)))(np.ones(3)).source
    assert "cube : builtins.function (no text gives it again: cube: its text is not there" in text
    assert loaded(text)["program"](np.arange(3.0), cube.__wrapped_primitive__) == 9.0


def test_a_users_primitive_is_taken_along_with_what_it_calls():
    text = mt.trace(lambda x: np.sum(fourth(x)))(np.ones(3)).source
    assert "POWER = 2\n\n\ndef square_of(x):" in text
    assert loaded(text)["program"](np.arange(3.0)) == 17.0


POWER = 2


def square_of(x):
    return x**POWER


@mt.primitive
def fourth(x: np.ndarray) -> np.ndarray:
    return square_of(square_of(x))


mt.differentiable(fourth, lambda g, y, x: g * 4 * x**3)


def test_a_large_constant_is_taken_as_an_argument_and_a_small_one_written_out():
    large, small = rng().normal(size=100), np.array([1.0, -0.0, np.inf, np.nan])

    def function(x):  # it makes its constants itself: others' arrays are inputs
        return x + large.copy(), small * np.float32(0.1) + x[:4]

    text = mt.trace(function)(np.ones(100)).source
    assert (
        "constant0 : numpy.ndarray (no text gives it again: a constant of (100,) float64)" in text
    )
    a, b = loaded(text)["function"](np.zeros(100), constant0=large)
    np.testing.assert_array_equal(a, large)
    np.testing.assert_array_equal(b, small * np.float32(0.1))


def test_random_numbers_are_drawn_from_the_generator_that_is_given():
    layer = nn.Dropout(0.5, rng=rng(3))
    program = mt.trace(lambda x: layer(x))(np.ones((4, 5)))
    text = program.source
    function = loaded(text)["program"]
    (name,) = set(inspect.signature(function).parameters) - {"x"}
    expected = nn.Dropout(0.5, rng=rng(8))(np.ones((4, 5))).data
    np.testing.assert_array_equal(function(np.ones((4, 5)), **{name: rng(8)}), expected)


# Nothing that users name is code


@pytest.mark.parametrize(
    "name",
    [
        "__import__('os')",
        '"""\nraise SystemExit\n"""',
        "x\nraise SystemExit",
        "a'b",
        "\\",
        "; 1",
        "#",
    ],
)
def test_a_hostile_name_is_no_code(name):
    def f(x, more):
        y = np.tanh(x + more[name])
        y.name = name
        return {name: np.sum(y)}

    f.__name__ = name
    layer = nn.Linear(2, 2, rng=rng(), dtype=float)
    layer.__class__ = type(name, (nn.Linear,), {})
    leaf = Value(np.ones(2), name=name)

    def step(x, more):
        loss = np.sum(layer(x) + leaf) + f(x, more)[name]
        loss.backward()
        return {name: loss}

    step.__name__ = name
    program = mt.trace(step)(np.ones(2), {name: np.ones(2)})
    text = program.source
    (body,) = [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)]
    assert not any(isinstance(n, ast.Raise | ast.Import) for n in ast.walk(body))
    agree(program, text)
    assert set(loaded(text)[body.name](**inputs_of(program))[0]) == {name}


# Layout


@pytest.mark.parametrize("width", [30, 60, 100])
@pytest.mark.parametrize(
    "line",
    [
        "    total = add(alpha, beta, gamma, delta, epsilon=[1, 2, 3], zeta='a, b (c')",
        "    a, b, c, d, e, f, g, h = some_function_of_a_long_name(alpha, beta, gamma)",
        "    y = alpha * beta + gamma @ delta - epsilon / zeta + eta ** 2 - theta",
        "x = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], dtype=np.float32)",
        "    return (loss, {'a': alpha, 'b': beta, 'c': gamma}, [alpha, beta, gamma])",
        "    d_weight = d_alpha.reshape((-1, 4)).T @ some_activations_of_a_layer.reshape((-1, 4))",
        "    f(alpha, beta)[0] = gamma(delta, epsilon, zeta) + eta(theta, iota, kappa, 'a + b')",
        "    assert not labels.max() >= classes_of_a_long_name + another_long_name",
    ],
)
def test_a_line_that_is_broken_means_the_same(line, width):
    def meaning(lines):
        return ast.dump(ast.parse("def f():\n    0\n" + "\n".join(lines)))

    line = "    " + line.strip()
    assert meaning(wrapped(line, width)) == meaning([line])

"""Families that few programs need are loaded when one of their functions is asked for, not before.

Each claim is about a fresh process, since this one has long loaded everything.
"""

import subprocess
import sys

import pytest

CLAIMS = {
    "the way back from a number learns the rule of what made it": """
        from microtensor import Value
        for method in (Value.tanh, Value.exp, Value.log, Value.sigmoid, Value.relu):
            x = Value(0.7)
            method(x).backward()
            assert isinstance(x.grad, float)
    """,
    "importing loads the first families alone": """
        import microtensor
        for late in ("usual", "reductions", "others", "decompositions"):
            assert f"microtensor.ops.{late}" not in sys.modules
    """,
    "a model of layers needs no others": """
        from microtensor import Value
        x = Value(np.ones((2, 3)))
        (np.tanh(x @ np.ones((3, 2)) + 1.0) ** 2).mean().backward()
        assert "microtensor.ops.usual" in sys.modules
        assert "microtensor.ops.others" not in sys.modules
    """,
    "a function of theirs works at its first call": """
        from microtensor import Value
        x = Value([1.0, 2.0])
        np.concatenate([x, 3 * x]).sum().backward()
        assert x.grad.tolist() == [4.0, 4.0]
    """,
    "so does a method of a ufunc": """
        from microtensor import Value
        x = Value([1.0, 2.0, 3.0])
        np.multiply.accumulate(x)[2].backward()
        assert x.grad.tolist() == [6.0, 3.0, 2.0]
    """,
    "so does a rule of a product that an operator recorded": """
        from microtensor import Value
        x = Value(np.eye(2))
        y = x @ x
        assert "microtensor.ops.usual" not in sys.modules
        y.backward(np.ones((2, 2)))
        assert x.grad.tolist() == [[2.0, 2.0], [2.0, 2.0]]
    """,
    "a usual name is found without the others": """
        import microtensor as mt
        assert mt.softmax is mt.ops.softmax
        assert "microtensor.ops.others" not in sys.modules
    """,
    "a name of theirs is found at the top and in ops": """
        import microtensor as mt
        assert mt.conv2d is mt.ops.conv2d
        assert "conv2d" in dir(mt)
        assert "conv2d" in dir(mt.ops)
    """,
    "a rule for a function of theirs is refused at once": """
        import microtensor as mt
        from microtensor.errors import ArgumentError
        try:
            mt.differentiable(np.cumsum, lambda g, y, x: g)
        except ArgumentError as error:
            assert str(error) == "numpy.cumsum is known already, as differentiable."
        else:
            raise AssertionError("it was taken")
    """,
    "whoever looks through the registry sees everything": """
        from microtensor.primitives import known, registry
        assert np.linalg.svd in registry
        assert known(np.linalg.det).word == "differentiable"
        assert np.linalg.svd in list(registry)
        assert len(registry) == len(dict(registry.items())) == len(list(registry.values())) > 400
    """,
    "one family may be loaded before the others": """
        import microtensor.ops.windows
        from microtensor import Value
        x = Value(np.ones((1, 1, 3, 3)))
        import microtensor as mt
        mt.conv2d(x, np.ones((1, 1, 2, 2))).sum().backward()
        assert x.grad[0, 0, 1, 1] == 4.0
    """,
    "what nobody knows is still refused": """
        from microtensor.primitives import registry
        try:
            registry[print]
        except KeyError:
            pass
        else:
            raise AssertionError("it was found")
        try:
            import microtensor.ops
            microtensor.ops.nothing_of_that_name
        except AttributeError:
            pass
        else:
            raise AssertionError("it was found")
    """,
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_families_load_late(claim):
    lines = CLAIMS[claim].splitlines()
    program = "import sys\nimport numpy as np\n" + "\n".join(line[8:] for line in lines)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_false_claim_about_a_process_is_noticed():
    program = "import sys, microtensor\nassert 'microtensor.ops.activations' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 1

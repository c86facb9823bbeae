"""A program looks at what its function reaches, however it is asked, before it runs again."""

import enum
import functools
import operator

import numpy as np
import pytest

import microtensor as mt

X = np.arange(1.0, 4.0)


class Holder:
    """Has a number ``k``, which each case below reads in a way of its own, and nowhere else."""

    def __init__(self):
        self.k = 3.0


class Partial(Holder):
    def times(self, factor):
        return self.k * factor

    ask = functools.partialmethod(times, 1.0)


class Dispatching(Holder):
    @functools.singledispatchmethod
    def of(self, kind):
        return 1.0

    @of.register
    def _(self, kind: int):
        return self.k


class Cached(Holder):
    @functools.lru_cache(maxsize=None)  # noqa: B019, UP033  # it is emptied after each call
    def ask(self):
        return self.k


class Long(Holder):
    def __len__(self):
        return int(self.k)


class Entered(Holder):
    def __enter__(self):
        return self.k

    def __exit__(self, *_):
        pass


class Walked(Holder):
    def __iter__(self):
        return iter([self.k])


class Scaling(Holder):
    def __rmul__(self, x):
        return x * self.k

    __array_ufunc__ = None


class Any(Holder):
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self.k


class Method(Holder):
    def ask(self):
        return self.k


class Answering:
    def __init__(self, f):
        self.f = f

    def __get__(self, holder, kind=None):
        return lambda: self.f(holder)


class Described(Holder):
    ask = Answering(lambda holder: holder.k)


@functools.singledispatch
def of_kind(holder):
    return 1.0


@of_kind.register
def _(holder: Holder):
    return holder.k


@functools.lru_cache(maxsize=None)  # noqa: UP033  # it is emptied after each call
def kept(holder):
    return holder.k


def asked_once(holder):
    Cached.ask.cache_clear()
    return holder.ask()


def kept_once(holder):
    kept.cache_clear()
    return kept(holder)


def entered(holder):
    with holder as k:
        return k


GETTER, CALLER = operator.attrgetter("k"), operator.methodcaller("ask")
LARGER = np.vectorize(lambda a, holder: a * holder.k, excluded={1})
WAYS = {
    "getattr": (Holder, lambda x, h: x * getattr(h, "k")),  # noqa: B009
    "vars": (Holder, lambda x, h: x * vars(h)["k"]),
    "a dict": (Holder, lambda x, h: x * h.__dict__["k"]),
    "partialmethod": (Partial, lambda x, h: x * h.ask()),
    "singledispatchmethod": (Dispatching, lambda x, h: x * h.of(1)),
    "singledispatch": (Holder, lambda x, h: x * of_kind(h)),
    "a cached method": (Cached, lambda x, h: x * asked_once(h)),
    "a cached function": (Holder, lambda x, h: x * kept_once(h)),
    "attrgetter": (Holder, lambda x, h: x * GETTER(h)),
    "methodcaller": (Method, lambda x, h: x * CALLER(h)),
    "vectorize": (Holder, lambda x, h: x * float(LARGER(1.0, h))),
    "a descriptor": (Described, lambda x, h: x * h.ask()),
    "len": (Long, lambda x, h: x * len(h)),
    "with": (Entered, lambda x, h: x * entered(h)),
    "a loop": (Walked, lambda x, h: x * sum(h)),
    "an operator": (Scaling, lambda x, h: x * h),
    "__getattr__": (Any, lambda x, h: x * h.whatever),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_number_is_looked_at_however_it_is_read(way):
    kind, read = WAYS[way]
    holder = kind()
    f = mt.compile(lambda x: read(x, holder))
    for _ in range(2):
        np.testing.assert_array_equal(f(X), X * 3)
    assert len(f.programs) == 1
    holder.k = 5.0
    np.testing.assert_array_equal(f(X), X * 5)


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize("key", [(1, "a"), Colour.RED, 1.5, frozenset({1}), int], ids=str)
def test_an_entry_of_a_dict_is_looked_at_whatever_its_key_is(key):
    table = {key: 3.0}
    f = mt.compile(lambda x: x * table[key])
    np.testing.assert_array_equal(f(X), X * 3)
    table[key] = 5.0
    np.testing.assert_array_equal(f(X), X * 5)


def test_a_class_is_looked_at_for_what_it_holds(monkeypatch):
    holder = Partial()
    f = mt.compile(lambda x: x * holder.ask())
    np.testing.assert_array_equal(f(X), X * 3)
    monkeypatch.setattr(Partial, "ask", functools.partialmethod(Partial.times, 7.0))
    np.testing.assert_array_equal(f(X), X * 21)

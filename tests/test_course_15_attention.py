"""Chapter 15: attention by its definition, counts by hand, and a reader that beats both of them."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
from chapters import reading

from microtensor import data


def surprises(text, cut):
    """Mean surprise at the held-out letters, by single letters and by pairs, each count plus 1."""
    alphabet = len(set(text))
    learned, held = text[:cut], text[cut:]
    single, first = Counter(learned), Counter(learned[:-1])
    pairs = Counter(pairwise(learned))
    one = [math.log((single[c] + 1) / (len(learned) + alphabet)) for c in held]
    two = [math.log((pairs[a, b] + 1) / (first[a] + alphabet)) for a, b in pairwise(held)]
    return -sum(one) / len(one), -sum(two) / len(two)


def test_attention_is_its_definition_and_the_reader_beats_the_table_of_pairs():
    with reading("course/15-attention-from-nothing") as page:
        chances = np.exp(np.array([4.0, 0.0, -4.0]) / math.sqrt(2))
        chances /= chances.sum()
        page.prints(r"shares \[\[(.*)\]\]", chances)
        page.prints(r"answer \[\[(.*)\]\]", chances @ [10, 20, 30])
        page.prints(r"products of (\d+) numbers: (\S+)", 64, (7.7, 8.3))  # the root of 64

        text = data.hamlet()
        single, pairs = surprises(text, len(text) * 9 // 10)
        page.prints(r"single letters: (\S+) nats", single)
        page.prints(r"pairs:          (\S+) nats", pairs)
        page.prints(r"transformer:    (\S+) nats", (1.9, pairs - 0.15))
        page.prints(r"peeking: (\S+) nats", (0, 0.5))
        page.prints(r"with (\d+)% of its weight", (50, 100))
        page.shows("0.2", 0.2)  # a temperature, as the exercise sets it

        sample = page.printed[page.printed.index("HAMLET.\nTo be") :][:313]
        assert set(sample) <= set(text)
        lengths = [len(word) for word in sample.split()]
        assert 3 < np.mean(lengths) < 7
        starts = [line[0] for line in sample.splitlines() if line]
        assert sum(c.isupper() for c in starts) > len(starts) / 2
        # three comparisons with the library, the mask, and two of the exercises
        assert page.printed.count("True") == 5
        assert page.printed.count("True False") == 1

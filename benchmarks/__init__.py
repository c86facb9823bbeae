"""Races: microtensor beside hand-written NumPy and the other libraries.

::

    python -m benchmarks                        every race; a table of ratios
    python -m benchmarks --list                 the races and who takes part
    python -m benchmarks --only mlp --quick     some races, a few repeats
    python -m benchmarks --json out.json        the table as data
    python -m benchmarks --profile mlp-small    where our own step spends its time

The protocol, for every number: one thread per library, one core, all contestants in turn in one
run (A B C A B C ...), medians and ratios. Absolute times depend on the machine and on what else it
does; ratios of neighbours in one run do not. A race in which a contestant computes something else
than the yardstick is void: it raises `race.DisagreementError` and prints no number.

To read: `handwritten` (the yardstick), `races.mlp` (one training step in each library), `race`
(taking turns), `protocol`, `report`. To add a race: one file in `races/` with a list called RACES,
and one line in `races/__init__.py`. To add a contestant: one function, and one line in its race.
"""

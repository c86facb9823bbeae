"""Every race, in the order in which they are run. A new one is a file here and a line below."""

from __future__ import annotations

from benchmarks.race import Race
from benchmarks.races import (
    deep_chain,
    import_time,
    lenet,
    lstm,
    memory,
    mlp,
    model_memory,
    scalar_mlp,
    transformer,
)

RACES: dict[str, Race] = {
    race.name: race
    for room in (
        mlp,
        lenet,
        lstm,
        transformer,
        scalar_mlp,
        deep_chain,
        import_time,
        memory,
        model_memory,
    )
    for race in room.RACES
}


def choose(only: list[str]) -> list[Race]:
    """The races called so, or beginning so: "mlp" stands for every "mlp-...". All for [].

    Raises
    ------
    LookupError
        If a name stands for none.
    """
    chosen = []
    for name in only:
        found = [r for r in RACES.values() if r.name == name or r.name.startswith(name + "-")]
        if not found:
            raise LookupError(f"no race is called {name!r}; there are: {', '.join(RACES)}")
        chosen += [race for race in found if race not in chosen]
    return chosen or list(RACES.values())

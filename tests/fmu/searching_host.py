"""A host that searches for calls that break an FMU: ``python searching_host.py <unzipped> <runs>``.

Hypothesis makes up sequences of the calls of `hostile_host`, each on an instance of its own, and
shrinks one that breaches what an FMU owes any host to the fewest calls that do; the script then
prints them and ends with exit code 1. Each call is printed to the standard error stream before it
is made, so that a crash is seen too. Prints counts as JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter

from hostile_host import BreachError, Hostile
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

# What a run does with its instance; "nothing" makes a run shorter.
ACTIONS_OF_A_RUN = 60

# Names of `Hostile`'s actions, those that lead to a step more often than others: about a third of
# what is done with a fresh instance has to be in order for any step to be made.
ACTIONS = (
    "nothing",
    *("step", "step", "step", "set_inputs", "set_inputs", "set_inputs"),
    *("enter", "enter", "leave", "leave", "states", "bytes_of_states"),
    *("set_one", "get_one", "set_text", "set_units", "set_parameter", "null_pointers", "bad_step"),
    *("statuses", "logging", "not_provided", "setup", "end", "reset", "replace_instance"),
)


def search(folder: str, runs: int) -> Counter[str]:
    """Make so many runs; raises `BreachError` with the shortest one that breaches."""
    counts: Counter[str] = Counter()

    @settings(
        max_examples=runs,
        deadline=None,
        database=None,
        derandomize=True,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(
        names=st.lists(
            st.sampled_from(ACTIONS), min_size=ACTIONS_OF_A_RUN, max_size=ACTIONS_OF_A_RUN
        ),
        starts=st.booleans(),
        source=st.randoms(use_true_random=False),
    )
    def run(names: list[str], starts: bool, source: random.Random) -> None:
        host = Hostile(folder, source, trace=True)
        try:
            for name in ("setup", "enter", "leave", *names) if starts else names:
                if name != "nothing":
                    host.act(getattr(host, name))
        except BreachError as breach:
            raise BreachError(f"{breach}\nafter:\n" + "\n".join(host.history)) from None
        finally:
            host.calls.FreeInstance()
        counts.update(host.counts)
        counts["runs"] += 1

    run()
    return counts


def main() -> int:
    """Parse the command line and search; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("runs", type=int)
    arguments = parser.parse_args()
    try:
        counts = search(arguments.folder, arguments.runs)
    except BreachError as breach:
        print(breach)
        return 1
    print(json.dumps(dict(sorted(counts.items()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

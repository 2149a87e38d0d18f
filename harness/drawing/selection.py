"""Which records get a log(p)-h diagram: a few that tell most, or those that are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from heatpump_twin.model.errors import InputError

from ..data.datasets import Dataset
from ..scoring.scores import Scores
from .log_p_h import gives_cycle, has_cycle

MOST_UNASKED = 6

EXPECTED = (
    "expected how many, 'all', 'none', or numbers of records as 1,5,7 (one record with a comma: 5,)"
)

RULE = (
    "the record that the FMU is farthest off in standard uncertainties, the median one, the first "
    "that is not scored, then the next farthest off"
)


@dataclass(frozen=True)
class Wanted:
    """Diagrams that are asked for.

    Attributes
    ----------
    count : int or None
        How many; None for all.
    records : tuple of int
        These and no others; empty where a count is given.
    """

    count: int | None = MOST_UNASKED
    records: tuple[int, ...] = ()


def parse_wanted(text: str, dataset: Dataset) -> Wanted:
    """Read what ``--diagrams`` says.

    Raises
    ------
    InputError
        If it says nothing known, or names records that the data set does not have or cannot draw.
    """
    words = text.strip()
    if words == "all":
        return Wanted(None)
    if words == "none":
        return Wanted(0)
    try:
        numbers = [int(part) for part in words.split(",") if part.strip()]
    except ValueError as error:
        raise InputError(f"--diagrams {text}: {EXPECTED}") from error
    if not numbers or ("," not in words and numbers[0] < 0):
        raise InputError(f"--diagrams {text}: {EXPECTED}")
    if "," not in words:
        return Wanted(numbers[0])
    for number in numbers:
        if number not in dataset.values.index:
            raise InputError(
                f"--diagrams {text}: data set {dataset.descriptor.name} has no record {number}"
            )
    if not has_cycle(dataset):
        raise InputError(
            f"--diagrams {text}: a cycle needs p_low and p_high, which data set "
            f"{dataset.descriptor.name} lacks"
        )
    return Wanted(len(numbers), tuple(dict.fromkeys(numbers)))


def selected(scores: Scores, wanted: Wanted) -> list[int]:
    """Choose the records to draw, by `RULE` where none are named.

    Parameters
    ----------
    scores : Scores
        Of a validation.
    wanted : Wanted
        What is asked for.

    Returns
    -------
    list of int
        Empty where the data set has no cycles, or the FMU gives none.
    """
    if not (has_cycle(scores.dataset) and gives_cycle(scores)):
        return []
    if wanted.records:
        return list(wanted.records)
    if wanted.count is None:
        return list(scores.screening.records)
    kept = scores.farthest_first(scores.screening.kept)
    others = sorted(set(scores.screening.records) - set(kept))
    first = [*kept[:1], *kept[len(kept) // 2 :][:1], *others[:1]]
    return list(dict.fromkeys([*first, *kept, *others]))[: wanted.count]

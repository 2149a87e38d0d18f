"""What the model is measured against: regressions and a published model.

Each predictor gives the quantities it can for the records of a data set, in SI units. Regressions
are fitted and predict by the same splits of the records as the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import CoolProp.CoolProp
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from ..calibration.cross_validation import Split
from ..data.completion import HEAT
from ..data.datasets import Dataset
from ..data.screening import Screening

INLETS = ["T_source_in", "T_sink_in"]


@dataclass(frozen=True)
class Prediction:
    """What one predictor says of the records.

    Attributes
    ----------
    name : str
        Short name in tables.
    values : pandas.DataFrame
        Index record, columns quantities, SI units; NaN where it says nothing.
    """

    name: str
    values: pd.DataFrame


def regression(
    dataset: Dataset, screening: Screening, degree: int, splits: Sequence[Split]
) -> Prediction:
    """Polynomial in the two inlet temperatures, predicted by the same splits as the model.

    Where heat is given to the model, it is a third input here, too.

    Parameters
    ----------
    dataset : Dataset
        Recorded values.
    screening : Screening
        Which fields of which records take part.
    degree : int
        1: linear, 3 coefficients; 2: full quadratic, 6 coefficients. With heat 4 and 10.
    splits : sequence of Split
        Records to fit on and records to predict.

    Returns
    -------
    Prediction
        NaN for a quantity with too few records to fit.
    """
    pipeline = make_pipeline(
        StandardScaler(), PolynomialFeatures(degree, include_bias=False), LinearRegression()
    )
    names = [*INLETS, *([HEAT] if dataset.heat_is_given else [])]
    coefficients = math.comb(len(names) + degree, degree)
    inlets = dataset.values[names].to_numpy()
    index = dataset.values.index
    places = [(index.get_indexer(s.fitted), index.get_indexer(s.predicted)) for s in splits]
    predictions = {}
    for quantity in dataset.scored:
        readings = dataset.values[quantity].to_numpy()
        is_scored = np.array([screening.is_scored(r, quantity) for r in index])
        predictions[quantity] = np.full(len(index), np.nan)
        for fitted, predicted in places:
            used = fitted[is_scored[fitted]]
            if len(used) >= coefficients:
                pipeline.fit(inlets[used], readings[used])
                predictions[quantity][predicted] = pipeline.predict(inlets[predicted])
    name = {1: "linear regression", 2: "quadratic regression"}[degree]
    return Prediction(name, pd.DataFrame(predictions, index=index))


def sandrini2025(dataset: Dataset) -> Prediction:
    """Model of O. Sandrini's thesis (MCI 2025) of the laboratory heat pump.

    With temperatures in degC and pressures in bar, from the thesis's repository at commit 69dccb6:
    ``p_high = 0.60299035 T_sink_in + 4.03622163``; ``p_low`` saturation of R410A at
    ``T_source_in - 8 K``; ``P = 192.176668 p_high / p_low + 329.776046`` W;
    ``COP = 0.368 T_sink_in[K] / (T_sink_in - T_source_in)``; ``Q_sink = COP P``.
    """
    T_source_in, T_sink_in = dataset.values["T_source_in"], dataset.values["T_sink_in"]
    p_high = (0.60299035 * (T_sink_in - 273.15) + 4.03622163) * 1e5
    # R410A has a small glide; the dew line is where the thesis's tables put evaporation.
    p_low = pd.Series(
        CoolProp.CoolProp.PropsSI("P", "T", (T_source_in - 8.0).to_numpy(), "Q", 1.0, "R410A"),
        index=T_source_in.index,
    )
    power = 192.176668 * p_high / p_low + 329.776046
    cop = 0.368 * T_sink_in / (T_sink_in - T_source_in)
    values = pd.DataFrame(
        {
            "P_el": power,
            "Q_flow_sink": cop * power,
            "COP": cop,
            "p_low": p_low,
            "p_high": p_high,
        }
    )
    return Prediction("thesis (Sandrini 2025)", values)


PUBLISHED_MODELS: dict[str, Callable[[Dataset], Prediction]] = {"sandrini2025": sandrini2025}


def published(dataset: Dataset) -> list[Prediction]:
    """Models of this machine by others, which saw all recorded points."""
    return [PUBLISHED_MODELS[name](dataset) for name in dataset.descriptor.published_models]

"""The reference page says what the declarations say."""

from conftest import ROOT

from heatpump_twin.machine_files.reference import reference
from heatpump_twin.model.machine import PARAMETERS
from heatpump_twin.model.quantities import (
    OPERATION_QUANTITIES,
    QUANTITIES,
    SET_POINT_QUANTITIES,
)
from heatpump_twin.model.settings import SETTINGS


def test_page_is_the_one_that_the_declarations_give() -> None:
    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == reference()


def test_every_quantity_and_parameter_is_on_the_page() -> None:
    page = reference()
    for name, quantity in (QUANTITIES | SET_POINT_QUANTITIES | OPERATION_QUANTITIES).items():
        assert f"| `{name}` | {quantity.unit} |" in page
        assert quantity.description in page
    for place, definition in PARAMETERS.items():
        assert f"| `{place.rpartition('.')[2]}` |" in page
        assert definition.description in page
    for name, setting in SETTINGS.items():
        assert f"| `{name}` |" in page
        assert setting.definition.description in page
        assert all(f"`{choice}`" in page for choice in setting.choices)

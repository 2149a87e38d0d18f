"""Headers as catalogues have them in other languages: each column is told, and none is guessed."""

import pytest

from heatpump_twin.harness.data.recognition import read_header

SURE_COLUMNS = {
    "French": {
        "Température entrée eau glycolée [°C]": "T_source_in",
        "Température sortie eau glycolée [°C]": "T_source_out",
        "Température extérieure [°C]": "T_source_in",
        "Température retour chauffage [°C]": "T_sink_in",
        "Température départ chauffage [°C]": "T_sink_out",
        "Débit chauffage [m³/h]": "m_flow_sink",
        "Puissance calorifique de la pompe à chaleur [kW]": "Q_flow_sink",
        "Puissance électrique absorbée [kW]": "P_el",
        "Puissance frigorifique [kW]": "Q_flow_source",
        "Surchauffe [K]": "superheat",
    },
    "Dutch": {
        "Bron in [°C]": "T_source_in",
        "Bron uit [°C]": "T_source_out",
        "Retourtemperatuur verwarming [°C]": "T_sink_in",
        "Aanvoertemperatuur verwarming [°C]": "T_sink_out",
        "Debiet afgiftezijde [m³/h]": "m_flow_sink",
        "Verwarmingsvermogen [kW]": "Q_flow_sink",
        "Opgenomen vermogen warmtepomp [kW]": "P_el",
        "Hogedruk [bar]": "p_high",
        "Lage druk [bar]": "p_low",
        "Toerental compressor [1/min]": "compressor_speed",
    },
    "Spanish": {
        "Temperatura entrada captación [°C]": "T_source_in",
        "Temperatura salida captación [°C]": "T_source_out",
        "Temperatura retorno calefacción [°C]": "T_sink_in",
        "Temperatura impulsión calefacción [°C]": "T_sink_out",
        "Caudal calefacción [m³/h]": "m_flow_sink",
        "Potencia calorífica [kW]": "Q_flow_sink",
        "Potencia absorbida [kW]": "P_el",
        "Potencia frigorífica [kW]": "Q_flow_source",
        "Presión de evaporación [bar]": "p_low",
    },
    "Italian": {
        "Temp. ingresso sorgente [°C]": "T_source_in",
        "Temp. uscita sorgente [°C]": "T_source_out",
        "Temp. ritorno utenza [°C]": "T_sink_in",
        "Temp. mandata utenza [°C]": "T_sink_out",
        "Portata utenza [m³/h]": "m_flow_sink",
        "Potenza termica [kW]": "Q_flow_sink",
        "Potenza assorbita [kW]": "P_el",
        "Surriscaldamento [K]": "superheat",
        "Frequenza compressore [Hz]": "compressor_speed",
    },
    "English": {"COPd": "COP", "Outdoor air dry bulb [°C]": "T_source_in"},
}


@pytest.mark.parametrize("language", SURE_COLUMNS)
def test_headers_of_a_language(language: str) -> None:
    told = {}
    for header in SURE_COLUMNS[language]:
        scores = read_header(header, None).scores
        told[header] = max(scores, key=lambda q: scores[q], default="")
    assert told == SURE_COLUMNS[language]


@pytest.mark.parametrize(
    "header",
    [
        "Outdoor air wet bulb [°C]",
        "Bulbo umido [°C]",
        "Druckverlust Verdampfer [kPa]",
        "Evaporator pressure drop [kPa]",
        "Perte de charge condenseur [kPa]",
        "Sound power level [W]",
    ],
)
def test_what_stands_beside_is_no_quantity(header: str) -> None:
    assert read_header(header, None).scores == {}

"""What the words of a header mean, in German and English, in full and as meters shorten them."""

from __future__ import annotations

import re
from functools import cache

from heatpump_twin.model.quantities import QUANTITIES

# Concept to the words for it. They are looked for in the header as `plain` writes it: small
# letters without umlauts, words parted by single spaces. A word between \b stands alone.
CONCEPTS: dict[str, str] = {
    # Sides of the machine.
    "source": r"quell|\bsole|brine|source|sonde|erdreich|erdwaerme|grundwasser|ground|geotherm"
    r"|borehole|\bwell\b|kollektor|collector|primaer|primary|kaltwasser|kaltseite|cold side|\bwq\b"
    r"|\bsrc\b|\best\b|\blst\b|evaporator water|glykol|glycol",
    "air": r"aussen|outdoor|outside|ambient|umgebung|luft|\bair\b|\boat\b|\bamb\b|\bat\b",
    "sink": r"senke|\bsink|heiz(?=wasser|kreis|ung|system|vorl|rueckl|netz|seit|ein|aus)|heating"
    r"(?! cap| power| output| perf)|\bload\b|\bhk\b|\bws\b|nutz|building|gebaeude|secondary"
    r"|sekundaer|warmseite|hot side|warm side|hydronic|\belt\b|\bllt\b|condenser water|puffer"
    r"|verbraucher|consumer|hot water(?! dhw)|underfloor|fussboden",
    "water": r"wasser(?!druck)|\bwater\b|\b[el]wt\b",
    "refrigerant": r"kaeltemittel|refrigerant|\bref\b|\brefr\b|kaeltekreis",
    # Directions.
    "in": r"\bin\b|\bein\b|eintritt|eingang|inlet|entering|\binl\b|zulauf|\be[wsla]t\b|(?:sole|"
    r"quelle|quellen|senke|senken|wasser|heizung|brine|source|sink|water)(?:ein|in)(?:tritt)?\b"
    r"|\bentry\b",
    "out": r"\bout\b|\baus\b|austritt|ausgang|outlet|leaving|\bexit\b|ablauf|\bl[wsla]t\b|(?:sole|"
    r"quelle|quellen|senke|senken|wasser|heizung|brine|source|sink|water)(?:aus|out)(?:tritt)?\b",
    "supply": r"vorlauf|\bt?vl\b|supply|\bflow temp|\bflow (?:line|pipe)|\bsup\b|\bvorl\b",
    "return": r"ruecklauf|\bt?rl\b|return|\bret\b|\brueckl\b|\brtn\b",
    # Places of the refrigerant.
    "suction": r"saug|suction|\bsuct?\b|sauggas|verdichter ?ein|compressor in",
    "discharge": r"heissgas|druckgas|druckrohr|discharge|\bdis(?:ch)?\b|hot ?gas|verdichter ?aus"
    r"|compressor out",
    "liquid": r"(?<!ver)fluess|liquid|\bliq\b",
    "high": r"hochdruck|\bhd\b|\bhigh\b|\bhp\b(?! [a-z])|verfluess|kondensation|kondensator"
    r"|condens|\bcond\b|druckseit|\bp ?high\b|\bp ?hd\b|\bp ?c(?:ond)?\b|\bp ?k\b",
    "low": r"niederdruck|\bnd\b|\blow\b|\blp\b|verdampf|evap|saugseit|\bp ?low\b|\bp ?nd\b"
    r"|\bp ?0\b|\bp ?o\b|\bp ?e(?:vap)?\b",
    # What is measured.
    "temperature": r"temp|\bt\b|\bt ?(?=vl|rl|ein|aus|in|out)|grad\b",
    "pressure": r"(?<!hoch)(?<!nieder)druck(?!gas|rohr|seit)|(?<!m)press|hochdruck|niederdruck"
    r"|\bhd\b|\bnd\b|\bp (?=high|low|hd|nd|cond|evap|suc|dis)",
    "electric": r"elek|electr|\bel\b|\bpel\b|leistungsaufnahme|aufnahmeleist|stromaufnahme"
    r"|wirkleist|aufgenommen|antrieb|input|\bpower in\b|consum|active power|absorbed power"
    r"|\bp (?:comp|verd|wp|hp|tot|ges)|verdichterleist|compressor power|power draw|\bpi\b",
    "power": r"leist(?!ungszahl)|\bpower\b|\bp\b|\bpwr\b|\bpow\b|effpow",
    "heat": r"waerme(?!quell|pump|senk|traeg|nutz|tausch)|heizleist|heizwaerme|\bheat(?! pump"
    r"|ing(?! cap| power| output| perf)| source| sink)|thermal|thermisch|therm\b|\bth\b|capacity"
    r"|\bhc\b|\bq\b|\bqdot\b|heating (?:cap|power|output|perf)|abgabeleist|nutzleist|kapazitaet"
    r"|verfluessigerleist|kondensatorleist|heat output|\bpth\b|\bthc\b|abgegeben",
    "cold": r"kaelteleist|cooling|entzug|quellenleist|verdampferleist|extract|absor(?!bed power)"
    r"|\bq ?0\b|\bhe\b|refrigerating|umweltwaerme|\bha\b|kuehlleist",
    "cop": r"\bcop\b|leistungszahl|arbeitszahl|\bepsilon\b|coefficient of performance",
    "flow": r"strom(?!auf|verb)|durchfl|durchsatz|\bflow\b(?! ?(?:temp|line|pipe))|flowrate|flow"
    r" rate|umlauf|\bvdot\b|\bmdot\b|\bv ?dot\b|\bm ?dot\b|foerder|\bv\b|\bm\b|wassermenge"
    r"|volumen|\bvol\b|\bgpm\b",
    "volume": r"volum|\bvol\b|\bv\b|\bvdot\b|\bv ?dot\b",
    "mass": r"mass|\bm\b|\bmdot\b|\bm ?dot\b",
    "speed": r"drehzahl|speed|frequenz|frequency|\bfreq\b|\brpm\b|modulation|umdreh|\bn\b",
    "compressor": r"verdicht|kompress|compress|inverter|\bcomp\b|\bverd\b|\bkomp\b|scroll",
    "superheat": r"ueberhitz|super ?heat|\bsh\b|\bueh\b|\btoh\b",
    "subcooling": r"unterkuehl|sub ?cool|\bsc\b|\buk\b",
    # What a column is counted with, and no quantity.
    "record": r"\bnr\b|nummer|\bno\b|\bnumber\b|punkt|\bpoint\b|\bid\b|record|index|messung|test"
    r"|lfd|\brow\b|zeile|\bpos\b|plateau|\bmesspunkt\b|\bbetriebspunkt\b",
    # What is none of the quantities though its words are theirs.
    "other": r"soll|\btime|zeit|datum|\bdate\b|uhr\b|stamp|set ?point|set ?value|\btarget\b"
    r"|\bset\b|\bsp\b|zaehler(?! leist)|energ|kwh|mwh|\bmin\b"
    r"|\bmax\b|\balarm\b|status|\bstat\b|ventil(?!ator)|\bvalve\b|stunden|hours|heizstab|immersion"
    r"|back ?up|\braum\b|\broom\b|innen|indoor|\bdhw\b|\bww\b|warmwasser|speicher|\btank\b|\bsd\b"
    r"|\bstd\b|\bstdev\b|delta|differenz|difference|\bdt\b|spreiz|\blimit|grenz|fehler|error|feucht"
    r"|humid|ventilator|luefter|\bfan\b|pump(?!e ?leist)|lift|hub\b|imbalance|bilanz|kosten|cost"
    r"|mode\b|betriebsart|\blatent|\blat\b|\bsens\b|dew ?point|taupunkt|preis|anzahl|count",
}

# Which words are looked for after the heat pump itself was taken out: "heat pump power".
_MACHINE = re.compile(r"waermepumpen?|heat ?pump|\bwp\b|\bmesswert\b|\bist(?:wert)?\b|\bactual\b")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ϑ": "t", "θ": "t"})


def plain(header: str) -> str:
    """Write a header in small letters, words parted by single spaces, without umlauts."""
    # Parts camel case, but not T_VL or kBtu.
    text = re.sub(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])", " ", header)
    text = text.casefold().replace("°", " ").translate(_UMLAUTS)
    text = text.replace("q̇", "q").replace("ṁ", "m").replace("v̇", "v")
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text).split())


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {concept: re.compile(pattern) for concept, pattern in CONCEPTS.items()}


@cache
def concepts_of(name: str) -> frozenset[str]:
    """Tell what the words of a header mean: ``{"sink", "supply", "temperature"}``."""
    text = " ".join(_MACHINE.sub(" ", plain(name)).split())
    return frozenset(concept for concept, found in _patterns().items() if found.search(text))


def project_name(name: str) -> str | None:
    """Return the quantity that a header names as the project does: ``T_source_in``."""
    text = plain(name)
    for quantity in QUANTITIES:
        if text == plain(quantity):
            return quantity
    return None

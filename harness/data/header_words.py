"""What the words of a header mean, in full and as meters shorten them.

German and English; and French, Dutch, Spanish and Italian as catalogues and exports have them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from heatpump_twin.model.quantities import QUANTITIES

# Concept to the words for it. They are looked for in the header as `plain` writes it: small
# letters without accents, words parted by single spaces. A word between \b stands alone.
CONCEPTS: dict[str, str] = {
    # Sides of the machine.
    "source": r"quell|\bsole|brine|source|sonde|erdreich|erdwaerme|grundwasser|ground|geotherm"
    r"|borehole|\bwell\b|kollektor|collector|primaer|primary|kaltwasser|kaltseite|cold side|\bwq\b"
    r"|\bsrc\b|\best\b|\blst\b|evaporator water|gl[yi][ck]ol|primair|primari[oa]|capta(?:ge|ci|dor)"
    r"|\bnappe\b|\bbron|bodem|grond|fuente|foco|pozo|sorgente|pozzo|salamoia|salmuera"
    r"|lado frio|lato freddo|cote froid|koude zijde|eau froide",
    "air": r"aussen|outdoor|outside|ambient|umgebung|luft|\bair\b|\boat\b|\bamb\b|\bat\b"
    r"|\bta\b|dry ?bulb|trockenkugel|\bdb\b|exterieur|exterior|\baire\b|\bestern[ao]\b|\baria\b"
    r"|buiten|lucht",
    "sink": r"senke|\bsink|heiz(?=wasser|kreis|ung|system|vorl|rueckl|netz|seit|ein|aus)|heating"
    r"(?! cap| power| output| perf)|\bload\b|\bhk\b|\bws\b|nutz|building|gebaeude|secondary"
    r"|sekundaer|warmseite|hot side|warm side|hydronic|\belt\b|\bllt\b|condenser water|puffer"
    r"|verbraucher|consumer|hot water(?! dhw)|underfloor|fussboden|chauffage|utilisation|secondaire"
    r"|verwarming(?!s(?:verm|cap))|afgifte(?!verm)|calefaccion|utilizacion|secundario|utenza"
    r"|\briscaldamento|impianto|secondario|lado caliente|lato caldo|cote chaud|warme zijde",
    "water": r"wasser(?!druck)|\bwater\b|\b[el]wt\b|\beau\b|\bagua\b|\bacqua\b",
    "refrigerant": r"kaeltemittel|refrigerant|\bref\b|\brefr\b|kaeltekreis|frigorigene|koudemiddel",
    # Directions.
    "in": r"\bin\b|\bein\b|eintritt|eingang|inlet|entering|\binl\b|zulauf|\be[wsla]t\b|(?:sole|"
    r"quelle|quellen|senke|senken|wasser|heizung|brine|source|sink|water)(?:ein|in)(?:tritt)?\b"
    r"|\bentry\b|\bentree\b|entrada|ingresso|entrata|intrede|\bingang|inlaat|ingaand",
    "out": r"\bout\b|\baus\b|austritt|ausgang|outlet|leaving|\bexit\b|ablauf|\bl[wsla]t\b|(?:sole|"
    r"quelle|quellen|senke|senken|wasser|heizung|brine|source|sink|water)(?:aus|out)(?:tritt)?\b"
    r"|\bsortie\b|salida|uscita|\buit\b|uit(?:rede|trede|gang|laat|gaand)",
    "supply": r"vorlauf|\bt?vl\b|supply|\bflow temp|\bflow (?:line|pipe)|\bsup\b|\bvorl\b"
    r"|\bdepart\b"
    r"|aanvoer|impulsion|\bida\b|mandata",
    "return": r"ruecklauf|\bt?rl\b|return|\bret\b|\brueckl\b|\brtn\b|\bretour|retorno|ritorno",
    # Places of the refrigerant.
    "suction": r"saug|suction|\bsuct?\b|sauggas|verdichter ?ein|compressor in|aspira|\bzuig",
    "discharge": r"heissgas|druckgas|druckrohr|discharge|\bdis(?:ch)?\b|hot ?gas|verdichter ?aus"
    r"|compressor out|refoulement|\bpers(?:gas|leiding)|descarga",
    "liquid": r"(?<!ver)fluess|liquid|\bliq\b|vloeistof",
    "high": r"hochdruck|\bhd\b|\bhigh\b|\bhp\b(?! [a-z])|verfluess|kondensation|kondensator"
    r"|condens|\bcond\b|\bhaute\b|\bhoge ?druk|\balta\b|druckseit|\bp ?high\b|\bp ?hd\b"
    r"|\bp ?c(?:ond)?\b|\bp ?k\b",
    "low": r"niederdruck|\bnd\b|\blow\b|\blp\b|\bbasse\b|\blage ?druk|\bbaja\b|\bbassa\b|verdamp"
    r"|evap|saugseit|\bp ?low\b|\bp ?nd\b"
    r"|\bp ?0\b|\bp ?o\b|\bp ?e(?:vap)?\b",
    # What is measured.
    "temperature": r"temp|\bt\b|\bt ?(?=vl|rl|ein|aus|in|out)|grad\b",
    "pressure": r"(?<!hoch)(?<!nieder)druck(?!gas|rohr|seit)|(?<!m)press|hochdruck|niederdruck"
    r"|\bhd\b|\bnd\b|\bp (?=high|low|hd|nd|cond|evap|suc|dis)|presion|druk\b",
    "electric": r"elek|electr|elettr|\bel\b(?! (?:evap|cond|agua|lado|circ))|\bpel\b"
    r"|leistungsaufnahme|aufnahmeleist|stromaufnahme"
    r"|wirkleist|aufgenommen|antrieb|input|\bpower in\b|consum|active power|absorbed power"
    r"|\bp (?:comp|verd|wp|hp|tot|ges)|verdichterleist|compressor power|power draw|\bpi\b"
    r"|absorbee|absorbida|assorbita|consomm|opgenomen|verbruik",
    "power": r"leist(?!ungszahl)|\bpower\b|\bp\b|\bpwr\b|\bpow\b|effpow|puissance|potencia|potenza"
    r"|vermogen",
    "heat": r"waerme(?!quell|pump|senk|traeg|nutz|tausch)|heizleist|heizwaerme|\bheat(?! pump"
    r"|ing(?! cap| power| output| perf)| source| sink)|therm(?:al|i)|therm\b|\bth\b|capaci[td]"
    r"|\bhc\b|\bq\b|\bqdot\b|heating (?:cap|power|output|perf)|abgabeleist|nutzleist|kapazitaet"
    r"|verfluessigerleist|kondensatorleist|heat output|\bpth\b|\bthc\b|abgegeben|calorifi|chaleur"
    r"|warmte(?!bron)|verwarmings(?:verm|cap)|afgifteverm|afgegeven|\bcalore?\b|\btermic[ao]\b",
    "cold": r"kaelteleist|cooling|entzug|quellenleist|verdampferleist|extract"
    r"|absor(?!bed power|bee|bida)"
    r"|\bq ?0\b|\bhe\b|refrigerating|umweltwaerme|\bha\b|kuehlleist|frigorif|koelverm|koelcap"
    r"|onttrok|prelev|extraid|estratt|refrigeracion|raffreddamento",
    "cop": r"\bcop[dh]?\b|leistungszahl|arbeitszahl|\bepsilon\b|coefficient (?:of|de) performance",
    "flow": r"strom(?!auf|verb)|durchfl|durchsatz|\bflow\b(?! ?(?:temp|line|pipe))|flowrate|flow"
    r" rate|umlauf|\bvdot\b|\bmdot\b|\bv ?dot\b|\bm ?dot\b|foerder|\bv\b|\bm\b|wassermenge"
    r"|volumen|\bvol\b|\bgpm\b|\bdebie?t|caudal|portata|(?:volume|massa)stroom",
    "volume": r"volum|\bvol\b|\bv\b|\bvdot\b|\bv ?dot\b",
    "mass": r"mass|masic|\bm\b|\bmdot\b|\bm ?dot\b",
    "speed": r"drehzahl|speed|frequen|\bfreq\b|\brpm\b|modulation|umdreh|\bn\b|vitesse|toerental"
    r"|velocida"
    r"|velocita|\bgiri\b",
    "compressor": r"verdicht|kompress|compres|inverter|\bcomp\b|\bverd\b|\bkomp\b|scroll",
    "superheat": r"ueberhitz|super ?heat|\bsh\b|\bueh\b|\btoh\b|surchauffe|oververhit|recalent"
    r"|surriscald",
    "subcooling": r"unterkuehl|sub ?cool|\bsc\b|\buk\b|sous refroid|onderkoel|subenfri"
    r"|sottoraffredd",
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
    r"|mode\b|betriebsart|\blatent|\blat\b|\bsens\b|dew ?point|taupunkt|preis|anzahl|count"
    # Beside dry air and water: humid air, losses of pressure, noise.
    r"|wet ?bulb|\bwb\b|feuchtkugel|bulbe humide|natte ?bol|bulbo (?:humedo|umido)|humed|umidita"
    r"|vocht|pressure (?:drop|loss)|druckverlust|druckabfall|pertes? de charge|drukverlies"
    r"|drukval|perdida de (?:carga|presion)|perdit[ae] di (?:carico|pressione)|\bpd\b|\bsound"
    r"|schall"
    r"|noise|bruit|geluid|sonor[ao]|rumore"
    r"|consign|gewenst|\btijd|fecha|horodat|compteur|contador|contatore|teller|vanne\b|klep|valvola"
    r"|interieur|interior|\bintern[ao]\b|binnen|ruimte|tapwater|\becs\b|\bacs\b|\bacumulador"
    r"|accumulo|ballon|ecart|verschil|diferencia|differenza|salto",
}

# Which words are looked for after the heat pump itself was taken out: "heat pump power".
_MACHINE = re.compile(
    r"waermepumpen?|heat ?pump|\bwp\b|\bmesswert\b|\bist(?:wert)?\b|\bactual\b|pompe a chaleur"
    r"|\bpac\b|warmtepomp|bomba de calor|pompa di calore|\bpdc\b"
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ϑ": "t", "θ": "t"})


def plain(header: str) -> str:
    """Write a header in small letters, words parted by single spaces, without accents."""
    # Parts camel case, but not T_VL or kBtu.
    text = re.sub(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])", " ", header)
    text = text.casefold().replace("°", " ").translate(_UMLAUTS)
    # Marks are parted from their letters: é, and the dot of a flow.
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
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

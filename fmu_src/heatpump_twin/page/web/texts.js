/* Every text of the page, a table for each language. Both have the same keys. */

const en = {
  "tab.what-if": "What if", "tab.session": "Sessions", "tab.records": "Records", "tab.points": "Rating points", "tab.help": "Help",
  tabs: "Views", machine: "Machine", language: "Language", "theme.dark": "Dark colours", "theme.light": "Light colours",
  loading: "Loading the machine and its core …", retry: "Try again", unreachable: "The server cannot be reached. Is it still running?",
  token: "Token of this server", "token.send": "Open", undo: "Undo", redo: "Redo", reset: "Reset to the design point",
  link: "Copy a link to this state", "link.copied": "The link is in the clipboard.", "link.in_address": "The address of this page is the link.",

  "inputs.title": "Inputs", "parameters.title": "Machine and parameters",
  "input.slider": "{name}, slider", "input.expected": "Expected a number from {low} to {high} {unit}.", "input.expected_whole": "Expected a whole number from {low} to {high}.",
  "input.hint": "Envelope {low} to {high} {unit}", "input.hint_speed": "Envelope {low} to {high}; 0 is off",
  "p.number_of_units": "Units side by side", "p.number_of_units.hint": "Flows, heat and power are those of all units.",
  "p.standby_power": "Standby power", "p.standby_power.hint": "Power of one unit when it is off.",
  "machine.refrigerant": "Refrigerant", "machine.source": "Source medium", "machine.sink": "Sink medium", "machine.map": "Performance map",
  "machine.map_error": "within {error} {unit} of TESPy in power, at {points} points",

  "computes.label": "What computes", "computes.core": "Browser", "computes.map": "Server", "computes.live": "TESPy",
  "computes.core.hint": "The core as WebAssembly, in this browser", "computes.map.hint": "The FMU on the server, from its performance map",
  "computes.live.hint": "The FMU on the server solves the cycle with TESPy at each step; the first one takes seconds",
  "computes.core.badge": "core in this browser", "computes.map.badge": "FMU on the server, map", "computes.live.badge": "FMU on the server, TESPy", "computes.fmu.badge": "uploaded FMU on the server",
  "computes.waiting": "asking the server …",

  "status.off": "Off", "status.inside": "Inside the envelope", "status.moved": "Moved to the envelope", "status.failed": "No solution", "status.rejected": "Input rejected",
  "status.held": "last values held",
  "note.outside": "{value} is outside the envelope of {low} to {high}; {used} is used.",
  "note.rejected": "{value} has no meaning; expected {low} to {high}.",
  "note.celsius": "{value} has no meaning; expected {low} to {high}. Is {si} in °C?",
  "note.below": "Would be {value}, below the limit of {limit}; the answer is that of a point nearer to the design point.",
  "note.above": "Would be {value}, above the limit of {limit}; the answer is that of a point nearer to the design point.",
  "note.outlet": "Would be {value}; {used} is used.",
  "note.no_flow": "{value}: a machine without flow is switched off.",

  "schematic.title": "Cycle", "schematic.label": "Picture of the refrigerant cycle with its values",
  "part.condenser": "Condenser", "part.evaporator": "Evaporator", "part.compressor": "Compressor", "part.valve": "Expansion valve",
  "diagram.label": "log(p)-h diagram of {refrigerant}; arrow keys move, plus and minus zoom, 0 shows all", "diagram.h": "specific enthalpy h",
  "diagram.isolines": "Isolines", "diagram.isotherms": "Isotherms", "diagram.isentropes": "Isentropes", "diagram.quality": "Quality",
  "diagram.in": "Zoom in", "diagram.out": "Zoom out", "diagram.fit": "Show all", "diagram.hint": "Point at a state; drag; Ctrl + wheel",
  "cycle.simulated": "simulated", "cycle.measured": "measured", "cycle.measured_record": "measured, record {record}", "cycle.kept": "kept",
  "beside.keep": "Keep to compare", "beside.remove": "Remove",
  "cop.poor": "poor", "cop.fair": "fair", "cop.good": "good", "cop.best": "very good", "band.hint": "95 of 100 measurements are expected within this band",
  "envelope.title": "Envelope", "envelope.label": "Operating point in the envelope: source {source}, sink {sink}. {status}", "envelope.outside": "outside",
  "values.title": "Values", "values.quantity": "Quantity", "values.value": "Value", "values.band": "95 % band", "values.exact": "SI, all digits",

  "records.source": "Source", "records.none": "No data set was recorded of this machine.", "records.loading": "The FMU is replayed through the records …", "records.record": "Record", "records.verdict": "Verdict",
  "records.title": "Record {record}", "records.quantity": "Quantity", "records.measured": "Measured", "records.simulated": "Simulated", "records.difference": "Difference", "records.band": "95 % band",
  "records.unseen": "Unseen", "records.of_unseen": "Differences of predictions that had not seen the record.",
  "records.fitted": "“Simulated” is the FMU, whose machine was fitted to this record. “Unseen” is the difference of a fit without this record; the band is for it.",
  "records.in": "inside", "records.out": "outside", "records.what_if": "What if", "records.session": "Fork into a session",
  "records.unscored": "This record is not scored; it is shown because nothing is left out.", "records.no_cycle": "The states of the refrigerant were not recorded, so there is no measured cycle.",
  "verdict.kept": "steady", "verdict.not_steady": "not steady", "verdict.other_speed": "another speed", "verdict.set_aside": "set aside", "verdict.outlier": "against the others",

  "session.new": "New session", "session.solver": "What the FMU computes with", "session.map": "Map", "session.live": "Live TESPy", "session.start": "Start", "session.starting": "Starting …",
  "session.from_what_if": "Starts with the inputs of the tab What if.", "session.upload": "or upload an FMU …", "session.mine": "Sessions of this browser", "session.none": "None yet. A session is the real FMU on the server; it stays when this page is closed.",
  "session.opening": "Opening the session …", "session.forget": "Remove from the list", "session.step_size": "Step size", "session.step": "Step", "session.ten": "10 steps", "session.play": "One step a second", "session.pause": "Pause",
  "session.until": "Advance to", "session.advance": "Advance", "session.restore": "Back to step {step}", "session.fork": "Fork at step {step}", "session.fork_of": "{label}, fork at {step}", "session.of_record": "record {record}",
  "session.end": "End", "session.newest": "Newest step", "line.open": "connected", "line.lost": "connection lost, trying again", "line.ended": "the session has ended",
  "series.title": "Time series", "series.at": "step {step}, {time}", "series.window": "Window", "series.compare": "Compare with …", "series.choose": "Quantities",
  "window.all": "All", "window.10min": "10 min", "window.1h": "1 h", "window.6h": "6 h", "window.1d": "1 day",
  "statistics.title": "Over the window", "statistics.mean": "Mean", "statistics.low": "Least", "statistics.high": "Largest", "statistics.other": "Mean of the other", "statistics.difference": "Difference",
  "kpi.electricity": "Electricity", "kpi.heat": "Heat", "kpi.COP": "COP over all", "kpi.starts": "Starts", "kpi.duration": "Duration",

  "points.title": "Rating points of EN 14511", "points.explain": "Source inlet and sink outlet of each point (with air as sink both inlets), with this machine's own flows of the design point ({source} and {sink}) and speed {speed}. Test stands set other flows, so data sheets may differ.",
  "points.none": "EN 14511 has no points for the media of this machine.", "points.point": "Point", "points.status": "Status", "points.take": "What if", "points.no_solution": "No sink inlet gives this outlet.",
  "help.about": "What this is", "help.about_text": "A certified model of a real heat pump. Each answer is the steady operating point of the inputs. The same core in C computes in this page, in the FMU and on the server, so the digits are the same.",
  "help.band_text": "The 95 % band says how far a measurement may lie from the prediction: ± {P_el} % of electric power and ± {Q} % of heat to the sink. Values without a band have no stated uncertainty.",
  "help.sessions_text": "A session is the FMU itself, stepped on the server. Each step is kept, so that it can be taken back to or forked at any of them.",
  "help.status": "Status of an answer", "help.status.0": "Compressor speed is 0: no heat, standby power, outlets equal inlets.", "help.status.1": "Found at the inputs themselves.",
  "help.status.2": "The inputs lie outside the envelope, or a limit of pressure or temperature would be missed: heat and power are those of the nearest point inside.",
  "help.status.3": "The cycle has no solution: the last values are held.", "help.status.4": "An input has no meaning: the last values are held.",
  "help.name": "Name", "help.variable": "Variable", "help.shown": "Shown in", "help.si": "SI unit", "help.meaning": "Meaning",
  "help.keys": "Keys", "help.key.undo": "Ctrl + Z", "help.key.undo.does": "Undo", "help.key.redo": "Ctrl + Y", "help.key.redo.does": "Redo",
  "help.key.arrows": "↑ ↓", "help.key.arrows.does": "In a number field: one step up or down, with Shift ten. On the time series ← and → move the cursor.",
  "help.key.diagram": "← ↑ → ↓", "help.key.diagram.does": "On the diagram: move", "help.key.zoom": "+ − 0", "help.key.zoom.does": "On the diagram: zoom in, zoom out, show all",

  "q.compressor_speed": "Compressor speed", "q.T_source_in": "Source inlet", "q.T_sink_in": "Sink inlet", "q.m_flow_source": "Source flow", "q.m_flow_sink": "Sink flow",
  "q.P_el": "Electric power", "q.Q_flow_sink": "Heat to the sink", "q.Q_flow_source": "Heat from the source", "q.Q_flow_loss": "Heat loss", "q.COP": "COP",
  "q.T_source_out": "Source outlet", "q.T_sink_out": "Sink outlet", "q.m_flow_refrigerant": "Refrigerant flow", "q.p_low": "Suction pressure", "q.p_high": "Discharge pressure",
  "q.T_suction": "Suction temperature", "q.T_discharge": "Discharge temperature", "q.T_liquid": "Liquid temperature", "q.superheat": "Superheat", "q.subcooling": "Subcooling",
  "q.h_suction": "Suction enthalpy", "q.h_discharge": "Discharge enthalpy", "q.h_liquid": "Liquid enthalpy",
  "s.compressor_speed": "Speed", "s.T_source_in": "Source in", "s.T_sink_in": "Sink in", "s.m_flow_source": "Flow", "s.m_flow_sink": "Flow",
  "s.P_el": "Power", "s.Q_flow_sink": "Heat", "s.Q_flow_source": "Source heat", "s.Q_flow_loss": "Loss", "s.COP": "COP",
  "s.T_source_out": "Source out", "s.T_sink_out": "Sink out", "s.m_flow_refrigerant": "Refrigerant", "s.p_low": "Low pressure", "s.p_high": "High pressure",
  "s.T_suction": "Suction", "s.T_discharge": "Discharge", "s.T_liquid": "Liquid", "s.superheat": "Superheat", "s.subcooling": "Subcooling",
  "s.h_suction": "Enthalpy", "s.h_discharge": "Enthalpy", "s.h_liquid": "Enthalpy",
  "d.compressor_speed": "Relative to the rated speed; 0 is off.", "d.T_source_in": "Temperature of the source medium where it enters the evaporator.", "d.T_sink_in": "Temperature of the sink medium where it enters the condenser.",
  "d.m_flow_source": "Mass flow of the source medium through the evaporator.", "d.m_flow_sink": "Mass flow of the sink medium through the condenser.",
  "d.P_el": "Electric power taken.", "d.Q_flow_sink": "Heat flow given to the sink.", "d.Q_flow_source": "Heat flow taken from the source.", "d.Q_flow_loss": "Heat flow to the surroundings: electric power and source heat less sink heat.",
  "d.COP": "Heat to the sink by electric power; 0 when off.", "d.T_source_out": "Temperature of the source medium where it leaves the evaporator.", "d.T_sink_out": "Temperature of the sink medium where it leaves the condenser.",
  "d.m_flow_refrigerant": "Mass flow of the refrigerant.", "d.p_low": "Absolute pressure of the refrigerant at compressor suction.", "d.p_high": "Absolute pressure of the refrigerant at compressor discharge.",
  "d.T_suction": "Temperature of the refrigerant before the compressor.", "d.T_discharge": "Temperature of the refrigerant after the compressor.", "d.T_liquid": "Temperature of the refrigerant before the expansion valve.",
  "d.superheat": "Suction temperature less the dew temperature at suction pressure.", "d.subcooling": "Bubble temperature at discharge pressure less the liquid temperature.",
  "d.h_suction": "Specific enthalpy of the refrigerant before the compressor.", "d.h_discharge": "Specific enthalpy of the refrigerant after the compressor.", "d.h_liquid": "Specific enthalpy of the refrigerant before the expansion valve.",
};

const de = {
  "tab.what-if": "Szenario", "tab.session": "Sitzungen", "tab.records": "Messungen", "tab.points": "Normpunkte", "tab.help": "Hilfe",
  tabs: "Ansichten", machine: "Maschine", language: "Sprache", "theme.dark": "Dunkle Farben", "theme.light": "Helle Farben",
  loading: "Maschine und Rechenkern werden geladen …", retry: "Noch einmal", unreachable: "Der Server ist nicht erreichbar. Läuft er noch?",
  token: "Token dieses Servers", "token.send": "Öffnen", undo: "Rückgängig", redo: "Wiederholen", reset: "Zurück zum Auslegungspunkt",
  link: "Link zu diesem Zustand kopieren", "link.copied": "Der Link ist in der Zwischenablage.", "link.in_address": "Die Adresse dieser Seite ist der Link.",

  "inputs.title": "Eingänge", "parameters.title": "Maschine und Parameter",
  "input.slider": "{name}, Schieber", "input.expected": "Erwartet wird eine Zahl von {low} bis {high} {unit}.", "input.expected_whole": "Erwartet wird eine ganze Zahl von {low} bis {high}.",
  "input.hint": "Einsatzbereich {low} bis {high} {unit}", "input.hint_speed": "Einsatzbereich {low} bis {high}; 0 ist aus",
  "p.number_of_units": "Geräte nebeneinander", "p.number_of_units.hint": "Ströme, Wärme und Leistung gelten für alle Geräte.",
  "p.standby_power": "Standby-Leistung", "p.standby_power.hint": "Leistung eines Geräts, wenn es aus ist.",
  "machine.refrigerant": "Kältemittel", "machine.source": "Quellenmedium", "machine.sink": "Senkenmedium", "machine.map": "Kennfeld",
  "machine.map_error": "Leistung bis auf {error} {unit} wie TESPy, an {points} Punkten",

  "computes.label": "Was rechnet", "computes.core": "Browser", "computes.map": "Server", "computes.live": "TESPy",
  "computes.core.hint": "Der Rechenkern als WebAssembly in diesem Browser", "computes.map.hint": "Die FMU auf dem Server, aus ihrem Kennfeld",
  "computes.live.hint": "Die FMU auf dem Server löst den Kreisprozess in jedem Schritt mit TESPy; der erste dauert Sekunden",
  "computes.core.badge": "Rechenkern im Browser", "computes.map.badge": "FMU auf dem Server, Kennfeld", "computes.live.badge": "FMU auf dem Server, TESPy", "computes.fmu.badge": "hochgeladene FMU auf dem Server",
  "computes.waiting": "der Server wird gefragt …",

  "status.off": "Aus", "status.inside": "Im Einsatzbereich", "status.moved": "An den Einsatzbereich verschoben", "status.failed": "Keine Lösung", "status.rejected": "Eingang abgelehnt",
  "status.held": "letzte Werte gehalten",
  "note.outside": "{value} liegt außerhalb von {low} bis {high}; gerechnet wird mit {used}.",
  "note.rejected": "{value} hat keine Bedeutung; erwartet wird {low} bis {high}.",
  "note.celsius": "{value} hat keine Bedeutung; erwartet wird {low} bis {high}. Sind {si} in °C gemeint?",
  "note.below": "Wäre {value}, unter der Grenze von {limit}; die Antwort gilt für einen Punkt näher am Auslegungspunkt.",
  "note.above": "Wäre {value}, über der Grenze von {limit}; die Antwort gilt für einen Punkt näher am Auslegungspunkt.",
  "note.outlet": "Wäre {value}; verwendet wird {used}.",
  "note.no_flow": "{value}: ohne Durchfluss schaltet die Maschine ab.",

  "schematic.title": "Kreisprozess", "schematic.label": "Bild des Kältekreises mit seinen Werten",
  "part.condenser": "Kondensator", "part.evaporator": "Verdampfer", "part.compressor": "Verdichter", "part.valve": "Expansionsventil",
  "diagram.label": "log(p)-h-Diagramm von {refrigerant}; Pfeiltasten verschieben, Plus und Minus zoomen, 0 zeigt alles", "diagram.h": "spezifische Enthalpie h",
  "diagram.isolines": "Isolinien", "diagram.isotherms": "Isothermen", "diagram.isentropes": "Isentropen", "diagram.quality": "Dampfgehalt",
  "diagram.in": "Vergrößern", "diagram.out": "Verkleinern", "diagram.fit": "Alles zeigen", "diagram.hint": "Auf einen Zustand zeigen; ziehen; Strg + Rad",
  "cycle.simulated": "simuliert", "cycle.measured": "gemessen", "cycle.measured_record": "gemessen, Punkt {record}", "cycle.kept": "gemerkt",
  "beside.keep": "Zum Vergleich merken", "beside.remove": "Entfernen",
  "cop.poor": "schlecht", "cop.fair": "mäßig", "cop.good": "gut", "cop.best": "sehr gut", "band.hint": "95 von 100 Messungen werden in diesem Band erwartet",
  "envelope.title": "Einsatzbereich", "envelope.label": "Betriebspunkt im Einsatzbereich: Quelle {source}, Senke {sink}. {status}", "envelope.outside": "außerhalb",
  "values.title": "Werte", "values.quantity": "Größe", "values.value": "Wert", "values.band": "95-%-Band", "values.exact": "SI, alle Stellen",

  "records.source": "Quelle", "records.none": "Von dieser Maschine gibt es keine Messungen.", "records.loading": "Die FMU rechnet die Messpunkte nach …", "records.record": "Punkt", "records.verdict": "Urteil",
  "records.title": "Messpunkt {record}", "records.quantity": "Größe", "records.measured": "Gemessen", "records.simulated": "Simuliert", "records.difference": "Differenz", "records.band": "95-%-Band",
  "records.unseen": "Ungesehen", "records.of_unseen": "Differenzen von Vorhersagen, die den Punkt nicht kannten.",
  "records.fitted": "„Simuliert“ ist die FMU, deren Maschine an diesen Punkt angepasst wurde. „Ungesehen“ ist die Differenz einer Anpassung ohne diesen Punkt; für sie gilt das Band.",
  "records.in": "innerhalb", "records.out": "außerhalb", "records.what_if": "Als Szenario", "records.session": "In eine Sitzung abzweigen",
  "records.unscored": "Dieser Punkt wird nicht gewertet; gezeigt wird er, weil nichts weggelassen wird.", "records.no_cycle": "Die Zustände des Kältemittels wurden nicht gemessen, daher gibt es keinen gemessenen Kreisprozess.",
  "verdict.kept": "stationär", "verdict.not_steady": "nicht stationär", "verdict.other_speed": "andere Drehzahl", "verdict.set_aside": "ausgenommen", "verdict.outlier": "gegen die anderen",

  "session.new": "Neue Sitzung", "session.solver": "Womit die FMU rechnet", "session.map": "Kennfeld", "session.live": "TESPy live", "session.start": "Starten", "session.starting": "Startet …",
  "session.from_what_if": "Beginnt mit den Eingängen der Ansicht Szenario.", "session.upload": "oder eine FMU hochladen …", "session.mine": "Sitzungen dieses Browsers", "session.none": "Noch keine. Eine Sitzung ist die echte FMU auf dem Server; sie bleibt, wenn diese Seite geschlossen wird.",
  "session.opening": "Die Sitzung wird geöffnet …", "session.forget": "Aus der Liste entfernen", "session.step_size": "Schrittweite", "session.step": "Schritt", "session.ten": "10 Schritte", "session.play": "Ein Schritt je Sekunde", "session.pause": "Pause",
  "session.until": "Weiter bis", "session.advance": "Weiter", "session.restore": "Zurück zu Schritt {step}", "session.fork": "Abzweigen bei Schritt {step}", "session.fork_of": "{label}, ab Schritt {step}", "session.of_record": "Messpunkt {record}",
  "session.end": "Beenden", "session.newest": "Neuester Schritt", "line.open": "verbunden", "line.lost": "Verbindung verloren, neuer Versuch", "line.ended": "die Sitzung ist beendet",
  "series.title": "Zeitverlauf", "series.at": "Schritt {step}, {time}", "series.window": "Fenster", "series.compare": "Vergleichen mit …", "series.choose": "Größen",
  "window.all": "Alles", "window.10min": "10 min", "window.1h": "1 h", "window.6h": "6 h", "window.1d": "1 Tag",
  "statistics.title": "Über das Fenster", "statistics.mean": "Mittel", "statistics.low": "Kleinster", "statistics.high": "Größter", "statistics.other": "Mittel der anderen", "statistics.difference": "Differenz",
  "kpi.electricity": "Strom", "kpi.heat": "Wärme", "kpi.COP": "COP über alles", "kpi.starts": "Starts", "kpi.duration": "Dauer",

  "points.title": "Normpunkte nach EN 14511", "points.explain": "Quelleneintritt und Senkenaustritt jedes Punkts (mit Luft als Senke beide Eintritte), mit den eigenen Strömen dieser Maschine im Auslegungspunkt ({source} und {sink}) und Drehzahl {speed}. Prüfstände stellen andere Ströme ein, Datenblätter können daher abweichen.",
  "points.none": "EN 14511 hat keine Punkte für die Medien dieser Maschine.", "points.point": "Punkt", "points.status": "Status", "points.take": "Als Szenario", "points.no_solution": "Kein Senkeneintritt führt zu diesem Austritt.",
  "help.about": "Was das ist", "help.about_text": "Ein zertifiziertes Modell einer echten Wärmepumpe. Jede Antwort ist der stationäre Betriebspunkt der Eingänge. Derselbe Rechenkern in C rechnet in dieser Seite, in der FMU und auf dem Server, daher sind die Ziffern gleich.",
  "help.band_text": "Das 95-%-Band sagt, wie weit eine Messung von der Vorhersage liegen darf: ± {P_el} % der elektrischen Leistung und ± {Q} % der Wärme an die Senke. Werte ohne Band haben keine angegebene Unsicherheit.",
  "help.sessions_text": "Eine Sitzung ist die FMU selbst, die auf dem Server Schritte rechnet. Jeder Schritt bleibt erhalten, daher kann man zu jedem zurückkehren und von jedem abzweigen.",
  "help.status": "Status einer Antwort", "help.status.0": "Die Drehzahl ist 0: keine Wärme, Standby-Leistung, Austritte gleich den Eintritten.", "help.status.1": "An den Eingängen selbst gefunden.",
  "help.status.2": "Die Eingänge liegen außerhalb des Einsatzbereichs, oder eine Grenze von Druck oder Temperatur würde verletzt: Wärme und Leistung gelten für den nächsten Punkt innerhalb.",
  "help.status.3": "Der Kreisprozess hat keine Lösung: die letzten Werte werden gehalten.", "help.status.4": "Ein Eingang hat keine Bedeutung: die letzten Werte werden gehalten.",
  "help.name": "Name", "help.variable": "Variable", "help.shown": "Gezeigt in", "help.si": "SI-Einheit", "help.meaning": "Bedeutung",
  "help.keys": "Tasten", "help.key.undo": "Strg + Z", "help.key.undo.does": "Rückgängig", "help.key.redo": "Strg + Y", "help.key.redo.does": "Wiederholen",
  "help.key.arrows": "↑ ↓", "help.key.arrows.does": "In einem Zahlenfeld: ein Schritt nach oben oder unten, mit Umschalt zehn. Im Zeitverlauf verschieben ← und → den Zeiger.",
  "help.key.diagram": "← ↑ → ↓", "help.key.diagram.does": "Im Diagramm: verschieben", "help.key.zoom": "+ − 0", "help.key.zoom.does": "Im Diagramm: vergrößern, verkleinern, alles zeigen",

  "q.compressor_speed": "Verdichterdrehzahl", "q.T_source_in": "Quelleneintritt", "q.T_sink_in": "Senkeneintritt", "q.m_flow_source": "Quellenstrom", "q.m_flow_sink": "Senkenstrom",
  "q.P_el": "Elektrische Leistung", "q.Q_flow_sink": "Wärme an die Senke", "q.Q_flow_source": "Wärme aus der Quelle", "q.Q_flow_loss": "Wärmeverlust", "q.COP": "COP",
  "q.T_source_out": "Quellenaustritt", "q.T_sink_out": "Senkenaustritt", "q.m_flow_refrigerant": "Kältemittelstrom", "q.p_low": "Saugdruck", "q.p_high": "Hochdruck",
  "q.T_suction": "Sauggastemperatur", "q.T_discharge": "Heißgastemperatur", "q.T_liquid": "Flüssigkeitstemperatur", "q.superheat": "Überhitzung", "q.subcooling": "Unterkühlung",
  "q.h_suction": "Enthalpie am Saugstutzen", "q.h_discharge": "Enthalpie am Druckstutzen", "q.h_liquid": "Enthalpie der Flüssigkeit",
  "s.compressor_speed": "Drehzahl", "s.T_source_in": "Quelle ein", "s.T_sink_in": "Senke ein", "s.m_flow_source": "Strom", "s.m_flow_sink": "Strom",
  "s.P_el": "Leistung", "s.Q_flow_sink": "Wärme", "s.Q_flow_source": "Quellenwärme", "s.Q_flow_loss": "Verlust", "s.COP": "COP",
  "s.T_source_out": "Quelle aus", "s.T_sink_out": "Senke aus", "s.m_flow_refrigerant": "Kältemittel", "s.p_low": "Niederdruck", "s.p_high": "Hochdruck",
  "s.T_suction": "Sauggas", "s.T_discharge": "Heißgas", "s.T_liquid": "Flüssigkeit", "s.superheat": "Überhitzung", "s.subcooling": "Unterkühlung",
  "s.h_suction": "Enthalpie", "s.h_discharge": "Enthalpie", "s.h_liquid": "Enthalpie",
  "d.compressor_speed": "Bezogen auf die Nenndrehzahl; 0 ist aus.", "d.T_source_in": "Temperatur des Quellenmediums am Eintritt in den Verdampfer.", "d.T_sink_in": "Temperatur des Senkenmediums am Eintritt in den Kondensator.",
  "d.m_flow_source": "Massenstrom des Quellenmediums durch den Verdampfer.", "d.m_flow_sink": "Massenstrom des Senkenmediums durch den Kondensator.",
  "d.P_el": "Aufgenommene elektrische Leistung.", "d.Q_flow_sink": "Wärmestrom an die Senke.", "d.Q_flow_source": "Wärmestrom aus der Quelle.", "d.Q_flow_loss": "Wärmestrom an die Umgebung: elektrische Leistung und Quellenwärme abzüglich Senkenwärme.",
  "d.COP": "Wärme an die Senke durch elektrische Leistung; 0, wenn aus.", "d.T_source_out": "Temperatur des Quellenmediums am Austritt aus dem Verdampfer.", "d.T_sink_out": "Temperatur des Senkenmediums am Austritt aus dem Kondensator.",
  "d.m_flow_refrigerant": "Massenstrom des Kältemittels.", "d.p_low": "Absolutdruck des Kältemittels am Saugstutzen des Verdichters.", "d.p_high": "Absolutdruck des Kältemittels am Druckstutzen des Verdichters.",
  "d.T_suction": "Temperatur des Kältemittels vor dem Verdichter.", "d.T_discharge": "Temperatur des Kältemittels nach dem Verdichter.", "d.T_liquid": "Temperatur des Kältemittels vor dem Expansionsventil.",
  "d.superheat": "Sauggastemperatur abzüglich der Tautemperatur beim Saugdruck.", "d.subcooling": "Siedetemperatur beim Hochdruck abzüglich der Flüssigkeitstemperatur.",
  "d.h_suction": "Spezifische Enthalpie des Kältemittels vor dem Verdichter.", "d.h_discharge": "Spezifische Enthalpie des Kältemittels nach dem Verdichter.", "d.h_liquid": "Spezifische Enthalpie des Kältemittels vor dem Expansionsventil.",
};

const TABLES = { en, de };
export const LANGUAGES = Object.keys(TABLES);

/* t("key", { name: value }) gives a text; a key that is not there is an error of the page. */
export function translator(lang) {
  const table = TABLES[lang] ?? en;
  const t = (key, values = {}) => {
    const text = table[key];
    if (text === undefined) throw new Error(`no text ${key}`);
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  };
  t.or = (key, other) => table[key] ?? other;
  return t;
}

export { TABLES };

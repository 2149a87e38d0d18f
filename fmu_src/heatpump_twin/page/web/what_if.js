/* What the machine would do: inputs beside the cycle that follows from them. */
import { ServerAsker } from "./api.js";
import { csv, save, savePng, saveSvg } from "./export.js";
import { MachineInputs, NumberField } from "./inputs.js";
import { LogPH } from "./log_p_h.js";
import { readNote, sayNote } from "./notes.js";
import { Envelope, Gauge } from "./pictures.js";
import { Schematic } from "./schematic.js";
import { isHeld } from "./twin.js";
import { Alert, Choice, html, Icon, IconButton, Panel, useApp, useEffect, useMemo, useRef, useState } from "./ui.js";
import { StatusChip, Values } from "./values.js";

export const SETTABLE = ["number_of_units", "standby_power"];

/* Inputs and parameters that can be taken back. */
export function useHistory(first) {
  const [, setCount] = useState(0);
  // Not the state of a drawing that may lie behind: what was typed a moment ago counts.
  const of = useRef(null);
  of.current ??= { now: first(), begun: null, past: [], future: [] };
  const h = of.current;
  const redraw = () => setCount((n) => n + 1);
  /* part: { inputs, settings }, each with those that change. */
  const change = (part) => {
    h.begun ??= h.now;
    h.now = Object.fromEntries(Object.entries(h.now).map(([key, values]) => [key, part[key] ? { ...values, ...part[key] } : values]));
    redraw();
  };
  // A slider that is drawn is one change: it is done when it is let go.
  const done = () => {
    const before = h.begun;
    h.begun = null;
    if (before === null || JSON.stringify(before) === JSON.stringify(h.now)) return;
    h.past = [...h.past.slice(-99), before];
    h.future = [];
    redraw();
  };
  // Typing has no end of its own.
  useEffect(() => {
    const timer = setTimeout(done, 700);
    return () => clearTimeout(timer);
  }, [h.now]);
  const go = (from, to) => {
    done();
    if (!h[from].length) return;
    h[to] = [...h[to], h.now];
    h.now = h[from].at(-1);
    h[from] = h[from].slice(0, -1);
    redraw();
  };
  const replace = (state) => {
    done();
    h.past = [...h.past.slice(-99), h.now];
    h.future = [];
    h.now = state;
    redraw();
  };
  return {
    now: h.now, change, done, replace,
    undo: () => go("past", "future"), redo: () => go("future", "past"),
    canUndo: h.past.length > 0 || h.begun !== null, canRedo: h.future.length > 0,
  };
}

/* { variable: reason in words }, and the reasons that belong to none. */
export function reasons(notes, t, f) {
  const byVariable = {};
  const others = [];
  for (const note of notes.map(readNote)) {
    const text = sayNote(note, t, f);
    if (note.variable) byVariable[note.variable] = text;
    else others.push(text);
  }
  return { byVariable, others };
}

/* Reasons that no field of an input shows. */
export function Reasons({ names, byVariable, others }) {
  const { t } = useApp();
  return html`${names.filter((name) => byVariable[name]).map((name) => html`<span class="reason limit" key=${name}>${t(`q.${name}`)}: ${byVariable[name]}</span>`)}
    ${others.map((text) => html`<span class="reason" key=${text}>${text}</span>`)}`;
}

export const startOf = (twin) => ({
  inputs: twin.design,
  settings: Object.fromEntries(SETTABLE.map((n) => [n, twin.start[n]])),
});

/* The answer to a state, by the core at once or by the server in a moment. */
function useAnswer(twin, state, computes) {
  const { api } = useApp();
  const byCore = useMemo(() => twin.answer(state.inputs, state.settings), [twin, state]);
  // What the server said last, and to which question: an answer of another solver is none to this one.
  const [said, setSaid] = useState(null);
  const asker = useRef(null);
  const key = computes === "core" ? "" : JSON.stringify([twin.machine.name, computes, state.settings]);
  useEffect(() => {
    if (!key) return undefined;
    asker.current = new ServerAsker(api, twin.machine.name, { solver: computes, ...state.settings });
    const end = () => asker.current?.end();
    window.addEventListener("pagehide", end);
    return () => {
      window.removeEventListener("pagehide", end);
      end();
    };
  }, [key]);
  useEffect(() => {
    if (!key) return;
    const mine = asker.current;
    mine.ask(state.inputs).then(
      (found) => {
        if (mine !== asker.current || found === null) return;
        setSaid({ key, state, found, error: null });
      },
      (error) => {
        if (mine !== asker.current) return;
        setSaid((before) => ({ key, state, found: before?.key === key ? before.found : null, error }));
        // The session may have ended meanwhile; the next question begins another.
        if (error.status === 404 || error.status === 410) mine.session = null;
      },
    );
  }, [key, state]);
  if (computes === "core") return { answer: byCore, error: null, isWaiting: false };
  const mine = said?.key === key ? said : null;
  const byServer = mine?.found ?? null;
  // The FMU logs a cause once and then counts; the core says it each time.
  const answer = byServer && byServer.status >= 2 && !byServer.notes.length && byServer.status === byCore.status
    ? { ...byServer, notes: byCore.notes } : byServer;
  return { answer, error: mine?.error ?? null, isWaiting: mine?.state !== state };
}

export function WhatIf({ twin, history, computes, setComputes, beside, setBeside }) {
  const { api, t, f, isOffline } = useApp();
  const { now, change, done } = history;
  const { machine } = twin;
  const { answer, error, isWaiting } = useAnswer(twin, now, computes);
  const last = useRef(null);
  if (answer) last.current = answer;
  const shown = answer ?? last.current ?? twin.ask(now.inputs, now.settings);
  const { byVariable, others } = reasons(shown.notes, t, f);
  const [said, setSaid] = useState("");
  const pictures = useRef(null);
  const values = { ...shown.inputs, ...shown.outputs };
  const cycles = [
    { kind: "simulated", name: t("cycle.simulated"), values },
    ...(beside ? [{ kind: beside.kind, name: beside.name, values: beside.values }] : []),
  ];
  const find = (selector) => pictures.current.querySelector(selector);
  const table = () => csv([
    ["quantity", "value", "unit"],
    ["machine", machine.name, ""],
    ...Object.entries(values).map(([name, value]) => [name, value, machine.quantities[name].unit]),
    ["operating_status", shown.status, "1"],
    ...shown.notes.map((note) => ["note", note, ""]),
  ]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      setSaid(t("link.copied"));
    } catch {
      setSaid(t("link.in_address"));
    }
    setTimeout(() => setSaid(""), 3000);
  };
  const changeInputs = (inputs) => change({ inputs });
  const setSetting = (name, value) => change({ settings: { [name]: value } });
  const exports = (selector, name) => html`
    <button type="button" class="text-button" onClick=${() => saveSvg(find(selector), name)}>SVG</button>
    <button type="button" class="text-button" onClick=${() => savePng(find(selector), name)}>PNG</button>`;

  return html`<div class="what-if">
    <aside class="panel rail" aria-label=${t("inputs.title")}>
      <header class="panel-head"><h2>${t("inputs.title")}</h2>
        <div class="actions">
          <${IconButton} icon="undo" label=${t("undo")} disabled=${!history.canUndo} onClick=${history.undo} />
          <${IconButton} icon="redo" label=${t("redo")} disabled=${!history.canRedo} onClick=${history.redo} />
          <${IconButton} icon="reset" label=${t("reset")} onClick=${() => { history.replace(startOf(twin)); setBeside(null); }} />
          ${!isOffline && html`<${IconButton} icon="link" label=${t("link")} onClick=${copy} />`}
        </div></header>
      <p class="said" role="status">${said}</p>
      <${MachineInputs} machine=${machine} inputs=${now.inputs} notes=${byVariable} refused=${error?.byField}
        onChange=${changeInputs} onDone=${done} />
      <details class="fold"><summary>${t("parameters.title")}</summary>
        ${SETTABLE.map((name) => {
          const s = machine.settings[name];
          return html`<${NumberField} key=${name} name=${name} label=${t(`p.${name}`)} unit=${s.unit === "1" ? "" : s.unit} isWhole=${name === "number_of_units"}
            value=${now.settings[name]} decimals=${0} range=${name === "number_of_units" ? [1, 20] : [0, 200]} inside=${name === "number_of_units" ? [1, 20] : [0, 200]}
            limits=${[s.minimum, s.maximum]} hint=${t(`p.${name}.hint`)} onChange=${(x) => setSetting(name, x)} onDone=${done} />`;
        })}
        <dl class="facts">
          <dt>${t("machine.refrigerant")}</dt><dd>${machine.refrigerant}</dd>
          <dt>${t("machine.source")}</dt><dd>${machine.media.source}</dd>
          <dt>${t("machine.sink")}</dt><dd>${machine.media.sink}</dd>
          ${Object.entries(machine.limits).map(([name, [low, high]]) => html`<dt>${t(`q.${name}`)}</dt><dd>${low === null ? "≤" : "≥"} ${f.full(name, low ?? high)}</dd>`)}
          <dt>${t("machine.map")}</dt><dd>${t("machine.map_error", { points: machine.certificate.points, error: f.number(machine.certificate.errors.P_el.maximum, 2), unit: machine.certificate.errors.P_el.unit })}</dd>
        </dl>
        ${machine.refrigerant_note && html`<p class="hint">${machine.refrigerant_note}</p>`}
      </details>
    </aside>
    <div class="main" ref=${pictures}>
      <div class="state-line">
        <${StatusChip} status=${shown.status} held=${isHeld(shown.status)} />
        <${Reasons} names=${machine.names.results} ...${{ byVariable, others }} />
        <span class="spring"></span>
        ${api && html`<${Choice} label=${t("computes.label")} value=${computes} onChange=${setComputes} options=${[
          ["core", t("computes.core"), t("computes.core.hint")], ["map", t("computes.map"), t("computes.map.hint")], ["live", t("computes.live"), t("computes.live.hint")]]} />`}
        <span class=${`badge${isWaiting ? " waiting" : ""}`} data-computes=${answer ? computes : ""}>${isWaiting ? t("computes.waiting") : t(`computes.${computes}.badge`)}</span>
      </div>
      <${Alert} error=${error} />
      <div class=${`pictures${isWaiting && !answer ? " pending" : ""}`}>
        <${Panel} title=${t("schematic.title")} class="p-schematic" actions=${exports("svg.schematic", "cycle")}>
          <${Schematic} values=${values} status=${shown.status} faults=${byVariable} /></${Panel}>
        <${Panel} title="log(p)-h" class="p-diagram" actions=${html`${beside && html`<button type="button" class="text-button" onClick=${() => setBeside(null)}>${t("beside.remove")}</button>`}
          <button type="button" class="text-button" onClick=${() => setBeside({ kind: "other", name: t("cycle.kept"), values })}>${t("beside.keep")}</button>${exports("svg.log-p-h", "log-p-h")}`}>
          <${LogPH} diagram=${twin.diagram} cycles=${cycles} /></${Panel}>
        <${Panel} title="COP" class="p-gauge">
          <${Gauge} value=${values.COP} status=${shown.status} />
          <dl class="tiles">
            ${["P_el", "Q_flow_sink", "T_sink_out"].map((name) => html`<div key=${name}><dt>${t(`q.${name}`)}</dt>
              <dd>${f.full(name, values[name])}${machine.band[name] && values[name] > 0 && shown.status !== 0 ? html`<small title=${t("band.hint")}>± ${f.full(name, machine.band[name] * values[name])} (95 %)</small>` : ""}</dd></div>`)}
          </dl></${Panel}>
        <${Panel} title=${t("envelope.title")} class="p-envelope" actions=${exports("svg.envelope", "envelope")}>
          <${Envelope} twin=${twin} inputs=${now.inputs} settings=${now.settings} status=${shown.status}
            onMove=${changeInputs} /></${Panel}>
        <${Panel} title=${t("values.title")} class="p-values" actions=${html`<button type="button" class="text-button" onClick=${() => save("values.csv", table(), "text/csv")}><${Icon} name="save" />CSV</button>`}>
          <${Values} answer=${shown} names=${machine.names.results} band=${shown.status === 0 ? {} : machine.band} faults=${byVariable} /></${Panel}>
      </div>
    </div>
  </div>`;
}

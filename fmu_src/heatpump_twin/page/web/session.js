/* Sessions on the server: the real FMU stepped, followed as it goes, taken back, forked, ended. */
import { save } from "./export.js";
import { NumberField, sliderRange } from "./inputs.js";
import { LogPH } from "./log_p_h.js";
import { Schematic } from "./schematic.js";
import { clock, Series, valueOf } from "./series.js";
import { isHeld } from "./twin.js";
import { Alert, Choice, html, Icon, IconButton, kept, Loading, Panel, useApp, useEffect, useRef, useState } from "./ui.js";
import { StatusChip } from "./values.js";
import { Reasons, reasons } from "./what_if.js";

const PAGE = 20000;
const SHOWN_FIRST = ["P_el", "Q_flow_sink", "COP", "T_sink_out"];

/* The names of sessions are their keys; those of this browser are kept in it. */
export const remembered = () => kept.get("sessions", []);
export function remember(id, label) {
  kept.set("sessions", [...remembered().filter((s) => s.id !== id), { id, label, made: Date.now() }].slice(-50));
  kept.set("session", id);
}
const forget = (id) => kept.set("sessions", remembered().filter((s) => s.id !== id));

/* A field for any number of any FMU: in people's units where the variable is one of the project's. */
function Input({ name, variable, value, machine, refused, note, onChange }) {
  const { t, f } = useApp();
  if (variable.type === "Boolean")
    return html`<label class="check"><input type="checkbox" checked=${value} onChange=${(e) => onChange(e.currentTarget.checked)} /> ${name}</label>`;
  if (variable.type === "String") return null;
  const isOurs = machine.quantities[name]?.unit === variable.unit;
  const shown = (x) => (isOurs ? f.shown(name, x) : x);
  const limits = [variable.minimum === null ? -1e300 : shown(variable.minimum), variable.maximum === null ? 1e300 : shown(variable.maximum)];
  const wide = Math.max(1, 2 * Math.abs(value));
  const { range, inside } = isOurs && machine.names.inputs.includes(name) ? sliderRange(machine, f, name)
    : { range: [Math.max(limits[0], -wide), Math.min(limits[1], wide)], inside: [0, 0] };
  return html`<${NumberField} name=${`session-${name}`} label=${isOurs ? t(`q.${name}`) : name} unit=${isOurs ? f.unit(name) : variable.unit === "1" ? "" : variable.unit}
    value=${shown(value)} decimals=${isOurs ? f.decimals(name) : 3} ...${{ range, inside, limits, refused, note }} hint=${isOurs ? t(`d.${name}`) : variable.description}
    isWhole=${variable.type === "Integer"} onChange=${(x) => onChange(isOurs ? f.si(name, x) : x)} />`;
}

function NewSession({ twin, source, inputs, onMade }) {
  const { t } = useApp();
  const [solver, setSolver] = useState("map");
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState("");
  const file = useRef(null);
  const make = async (what, label) => {
    setError(null);
    try {
      onMade(await source.api.post("/sessions", what), label);
    } catch (problem) {
      setError(problem);
    }
    setBusy("");
  };
  const upload = async () => {
    const chosen = file.current.files[0];
    if (!chosen) return;
    setBusy("fmu");
    setError(null);
    try {
      const { fmu, name } = await (await source.api.fetch("/fmus", { method: "POST", body: chosen })).json();
      await make({ fmu }, name);
    } catch (problem) {
      setError(problem);
      setBusy("");
    }
    file.current.value = "";
  };
  return html`<${Panel} title=${t("session.new")} class="new">
    <div class="form-row"><${Choice} label=${t("session.solver")} value=${solver} onChange=${setSolver}
        options=${[["map", t("session.map"), t("computes.map.hint")], ["live", t("session.live"), t("computes.live.hint")]]} />
      <button type="button" class="primary" disabled=${Boolean(busy)} onClick=${() => { setBusy("machine"); make({ machine: twin.machine.name, start_values: { ...inputs, solver } }, `${twin.machine.name}${solver === "live" ? " (TESPy)" : ""}`); }}>
        ${busy === "machine" ? t("session.starting") : t("session.start")}</button></div>
    <p class="hint">${t("session.from_what_if")}</p>
    <label class="upload">${busy === "fmu" ? t("session.starting") : t("session.upload")}<input ref=${file} type="file" accept=".fmu" disabled=${Boolean(busy)} onChange=${upload} /></label>
    <${Alert} error=${error} />
  </${Panel}>`;
}

/* All that is known of an open session, kept current by the server's events. */
function useSession(api, id) {
  const [about, setAbout] = useState(null);
  const [variables, setVariables] = useState(null);
  const [steps, setSteps] = useState([]);
  const [line, setLine] = useState("");
  const [error, setError] = useState(null);
  const all = useRef([]);
  useEffect(() => {
    const ending = new AbortController();
    [setAbout, setVariables, setError].forEach((set) => set(null));
    all.current = [];
    setSteps([]);
    setLine("");
    const fill = async (to) => {
      while (all.current.length <= to) {
        const more = await api.get(`/sessions/${id}/results?first=${all.current.length}&last=${Math.min(to, all.current.length + PAGE - 1)}`);
        if (ending.signal.aborted || !more.length) return;
        all.current = [...all.current, ...more];
      }
    };
    const onStep = async (step) => {
      try {
        // Taken back, or gone on from there by somebody else.
        if (step.step < all.current.length) all.current = all.current.slice(0, step.step);
        if (step.step > all.current.length) await fill(step.step - 1);
        if (ending.signal.aborted || step.step !== all.current.length) return;
        all.current = [...all.current, step];
        setSteps(all.current);
      } catch (problem) {
        setError(problem);
      }
    };
    let queue = Promise.resolve();
    Promise.all([api.get(`/sessions/${id}`), api.get(`/sessions/${id}/variables`)]).then(
      ([found, declared]) => {
        if (ending.signal.aborted) return;
        setAbout(found);
        setVariables(declared);
        api.follow(id, { signal: ending.signal, onStep: (step) => (queue = queue.then(() => onStep(step))), onState: setLine });
      },
      (problem) => !ending.signal.aborted && setError(problem),
    );
    return () => ending.abort();
  }, [id]);
  return { about, variables, steps, line, error };
}

const WINDOWS = [["all", Infinity], ["10min", 600], ["1h", 3600], ["6h", 21600], ["1d", 86400]];

function statistics(steps, name, [from, to]) {
  let [sum, time, low, high] = [0, 0, Infinity, -Infinity];
  for (const step of steps) {
    const v = valueOf(step, name);
    if (step.time <= from || step.time > to + 1e-9 || v === null || !step.step_size) continue;
    sum += v * step.step_size;
    time += step.step_size;
    [low, high] = [Math.min(low, v), Math.max(high, v)];
  }
  return time ? { mean: sum / time, low, high } : null;
}

function Open({ id, label, twin, source, sessions, onFork, onGone }) {
  const { t, f, api } = useApp();
  const { about, variables, steps, line, error: broken } = useSession(source.api, id);
  const { machine } = twin;
  const [inputs, setInputs] = useState({});
  const [size, setSize] = useState(60);
  const [until, setUntil] = useState("");
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const [isPlaying, setIsPlaying] = useState(false);
  const [cursor, setCursor] = useState(null);
  const [strips, setStrips] = useState(null);
  const [windowed, setWindowed] = useState("all");
  const [sums, setSums] = useState(null);
  const [other, setOther] = useState("");
  const [otherSteps, setOtherSteps] = useState(null);
  const isEnding = useRef(false);
  const last = steps.at(-1);
  const number = last?.step;

  useEffect(() => setCursor((c) => (c !== null && c >= steps.length ? null : c)), [steps]);
  useEffect(() => {
    if (number === undefined) return undefined;
    // Not of a session that is being ended: a browser notes each answer 404 in its console.
    const timer = setTimeout(() => isEnding.current || api.get(`/sessions/${id}/kpis`).then(setSums, () => {}), 250);
    return () => clearTimeout(timer);
  }, [id, number]);
  useEffect(() => {
    setOtherSteps(null);
    if (other) api.get(`/sessions/${other}/results`).then(setOtherSteps, (problem) => { setError(problem); setOther(""); });
  }, [other, number]);

  const send = async (path, body) => {
    setBusy(true);
    setError(null);
    let found = null;
    try {
      found = await api.post(`/sessions/${id}/${path}`, body);
      if (path === "step" || path === "advance") setInputs({});
    } catch (problem) {
      setError(problem);
      setIsPlaying(false);
    }
    setBusy(false);
    return found;
  };
  const step = (count) => send("step", { inputs, step_size: size, count, at_step: number });
  useEffect(() => {
    if (!isPlaying || busy || number === undefined) return undefined;
    const timer = setTimeout(() => step(1), 1000);
    return () => clearTimeout(timer);
  }, [isPlaying, busy, number]);

  if (broken && !steps.length) return html`<div class="panel broken"><${Alert} error=${broken} /><button type="button" onClick=${() => onGone(id)}>${t("session.forget")}</button></div>`;
  if (!variables || !last) return html`<div class="panel"><${Loading} text=${t("session.opening")} /></div>`;

  const at = cursor === null ? steps.length - 1 : Math.min(cursor, steps.length - 1);
  const now = steps[at];
  const of = (causality) => Object.keys(variables).filter((n) => variables[n].causality === causality && variables[n].type !== "String");
  const names = [...of("output"), ...of("input")].filter((n) => n !== "operating_status");
  const shownStrips = strips ?? (SHOWN_FIRST.some((n) => names.includes(n)) ? SHOWN_FIRST.filter((n) => names.includes(n)) : names.slice(0, 4));
  const length = WINDOWS.find(([key]) => key === windowed)[1];
  const end = length === Infinity ? last.time : now.time;
  const span = [Math.max(0, end - length), Math.max(end, steps[0].time + 1)];
  const values = { ...now.inputs, ...now.outputs };
  const status = values.operating_status;
  const isOurs = about.machine !== null;
  const given = { ...last.inputs, ...inputs };
  let notes = now.notes.map((n) => n.replace(/^operating_status \d: /, ""));
  if (status >= 2 && !notes.length && about.machine === machine.name) {
    const again = twin.ask(now.inputs, Object.fromEntries(Object.entries(about.start_values).filter(([n]) => twin.names.parameters.includes(n))));
    if (again.status === status) notes = again.notes;
  }
  const { byVariable, others } = reasons(notes, t, f);
  const energy = (joule) => (joule === null ? "–" : `${f.number(joule / 3.6e6, 3)} kWh`);
  const isLive = cursor === null;
  const csvFile = async () => {
    try {
      const parts = [];
      for (let first = 0; first < steps.length; first += PAGE) {
        const text = await (await api.fetch(`/sessions/${id}/results?format=csv&first=${first}`)).text();
        parts.push(first ? text.slice(text.indexOf("\n") + 1) : text);
      }
      save("session.csv", parts.join(""), "text/csv");
    } catch (problem) {
      setError(problem);
    }
  };
  const computes = about.start_values.solver === "live" ? "live" : isOurs ? "map" : "fmu";
  return html`<div class="session">
    <aside class="panel rail" aria-label=${t("inputs.title")}>
      <header class="panel-head"><h2>${label}</h2><span class="badge" data-computes=${computes}>${t(`computes.${computes}.badge`)}</span></header>
      ${Object.entries(variables).filter(([, v]) => v.causality === "input").map(([name, variable]) => html`<${Input} key=${name} ...${{ name, variable, machine }} value=${given[name]}
        refused=${error?.byField?.[name]} note=${isLive ? byVariable[name] : null} onChange=${(v) => setInputs({ ...inputs, [name]: v })} />`)}
      <div class="commands">
        <label>${t("session.step_size")}<span class="entry"><input type="number" min="0.001" max="10000000" step="any" value=${size} aria-invalid=${Boolean(error?.byField?.step_size)} onInput=${(e) => setSize(e.currentTarget.valueAsNumber)} /><span class="unit">s</span></span></label>
        ${error?.byField?.step_size && html`<p class="hint">${error.byField.step_size}</p>`}
        <div class="form-row">
          <button type="button" class="primary" disabled=${busy || isPlaying} onClick=${() => step(1)}>${t("session.step")}</button>
          <button type="button" disabled=${busy || isPlaying} onClick=${() => step(10)}>${t("session.ten")}</button>
          <${IconButton} icon=${isPlaying ? "pause" : "play"} label=${t(isPlaying ? "session.pause" : "session.play")} onClick=${() => setIsPlaying(!isPlaying)} /></div>
        <form class="form-row" onSubmit=${(e) => { e.preventDefault(); send("advance", { until: Number(until), inputs, step_size: size, at_step: number }); }}>
          <label>${t("session.until")}<span class="entry"><input type="number" step="any" required value=${until} aria-invalid=${Boolean(error?.byField?.until)} onInput=${(e) => setUntil(e.currentTarget.value)} /><span class="unit">s</span></span></label>
          <button type="submit" disabled=${busy || isPlaying}>${t("session.advance")}</button></form>
        ${error?.byField?.until && html`<p class="hint">${error.byField.until}</p>`}
      </div>
      <div class="form-row">
        <button type="button" disabled=${busy || at === steps.length - 1} onClick=${async () => { if (await send("restore", { step: now.step })) setCursor(null); }}><${Icon} name="undo" />${t("session.restore", { step: now.step })}</button>
        <button type="button" disabled=${busy} onClick=${async () => { const made = await send("fork", { step: now.step }); if (made) onFork(made, t("session.fork_of", { label, step: now.step })); }}><${Icon} name="fork" />${t("session.fork", { step: now.step })}</button>
      </div>
      <div class="form-row"><button type="button" onClick=${csvFile}><${Icon} name="save" />CSV</button>
        <button type="button" class="danger" onClick=${async () => { isEnding.current = true; try { await api.delete(`/sessions/${id}`); onGone(id); } catch (problem) { isEnding.current = false; if (problem.status === 404 || problem.status === 410) onGone(id); else setError(problem); } }}><${Icon} name="close" />${t("session.end")}</button></div>
    </aside>
    <div class="main">
      <div class="state-line">${status !== undefined && html`<${StatusChip} status=${status} held=${isHeld(status)} />`}
        <${Reasons} names=${machine.names.results} ...${{ byVariable, others }} />
        <span class="when" data-step=${now.step}>${t("series.at", { step: now.step, time: clock(now.time) })}</span>
        ${!isLive && html`<button type="button" class="text-button" onClick=${() => setCursor(null)}>${t("session.newest")}</button>`}
        <span class="spring"></span><span class=${`badge line ${line}`}>${t(`line.${line || "open"}`)}</span></div>
      <${Alert} error=${error ?? broken} />
      <div class="pictures">
        <${Panel} title=${t("series.title")} class="p-series" actions=${html`
          <select aria-label=${t("series.window")} value=${windowed} onChange=${(e) => setWindowed(e.currentTarget.value)}>${WINDOWS.map(([key]) => html`<option key=${key} value=${key}>${t(`window.${key}`)}</option>`)}</select>
          <select aria-label=${t("series.compare")} value=${other} onChange=${(e) => setOther(e.currentTarget.value)}><option value="">${t("series.compare")}</option>
            ${sessions.filter((s) => s.id !== id).map((s) => html`<option key=${s.id} value=${s.id}>${s.label}</option>`)}</select>`}>
          <${Series} strips=${shownStrips} runs=${[{ steps, kind: "simulated" }, ...(otherSteps ? [{ steps: otherSteps, kind: "other" }] : [])]} cursor=${at}
            onCursor=${(i) => setCursor(i === steps.length - 1 ? null : i)} span=${span} label=${t("series.title")} />
          <details class="fold"><summary>${t("series.choose")}</summary><div class="checks">${names.map((name) => html`<label class="check" key=${name}>
            <input type="checkbox" checked=${shownStrips.includes(name)} onChange=${(e) => setStrips(e.currentTarget.checked ? [...shownStrips, name] : shownStrips.filter((n) => n !== name))} />${t.or(`q.${name}`, name)}</label>`)}</div></details>
        </${Panel}>
        <${Panel} title=${t("statistics.title")} class="p-statistics">
          <div class="scroll" tabindex="0" role="group" aria-label=${t("statistics.title")}><table class="statistics"><thead><tr><th scope="col">${t("values.quantity")}</th>${["mean", "low", "high", ...(otherSteps ? ["other", "difference"] : [])].map((k) => html`<th scope="col" class="n" key=${k}>${t(`statistics.${k}`)}</th>`)}</tr></thead>
            <tbody>${shownStrips.map((name) => {
              const own = statistics(steps, name, span);
              const its = otherSteps && statistics(otherSteps, name, span);
              return html`<tr key=${name}><th scope="row">${t.or(`q.${name}`, name)}</th>
                ${["mean", "low", "high"].map((k) => html`<td class="n" key=${k} data-statistic=${`${name}.${k}`} data-si=${own?.[k] ?? ""}>${f.full(name, own?.[k])}</td>`)}
                ${otherSteps && html`<td class="n">${f.full(name, its?.mean)}</td><td class="n">${own && its ? f.difference(name, own.mean - its.mean, 1) : "–"}</td>`}</tr>`;
            })}</tbody></table></div>
          ${sums && html`<dl class="tiles">
            <div><dt>${t("kpi.electricity")}</dt><dd>${energy(sums.electricity)}</dd></div><div><dt>${t("kpi.heat")}</dt><dd>${energy(sums.heat_to_sink)}</dd></div>
            <div><dt>${t("kpi.COP")}</dt><dd data-kpi="COP" data-si=${sums.COP ?? ""}>${f.number(sums.COP, 2)}</dd></div><div><dt>${t("kpi.starts")}</dt><dd>${sums.starts}</dd></div>
            <div><dt>${t("kpi.duration")}</dt><dd>${clock(sums.duration)}</dd></div></dl>`}
        </${Panel}>
        ${isOurs && html`<${Panel} title=${t("schematic.title")} class="p-schematic"><${Schematic} values=${values} status=${status} faults=${byVariable} id="session-schematic" /></${Panel}>`}
        ${isOurs && about.machine === machine.name && html`<${Panel} title="log(p)-h" class="p-diagram"><${LogPH} diagram=${twin.diagram} id="session-diagram"
          cycles=${[{ kind: "simulated", name: label, values }, ...(otherSteps?.length ? [{ kind: "other", name: sessions.find((s) => s.id === other)?.label, values: otherSteps[Math.min(at, otherSteps.length - 1)].outputs }] : [])]} /></${Panel}>`}
      </div>
    </div></div>`;
}

export function Sessions({ twin, source, inputs }) {
  const { t } = useApp();
  const [sessions, setSessions] = useState(remembered);
  const [open, setOpen] = useState(() => kept.get("session", null));
  const choose = (id) => {
    kept.set("session", id);
    setOpen(id);
  };
  const made = (about, label) => {
    remember(about.session, label);
    setSessions(remembered());
    setOpen(about.session);
  };
  const gone = (id) => {
    forget(id);
    setSessions(remembered());
    choose(null);
  };
  const current = sessions.find((s) => s.id === open);
  return html`<div class="stack">
    <div class="session-bar">
      <${NewSession} ...${{ twin, source, inputs }} onMade=${made} />
      <${Panel} title=${t("session.mine")} class="mine">
        ${sessions.length === 0 ? html`<p class="empty">${t("session.none")}</p>` : html`<ul class="session-list">${sessions.map((s) => html`<li key=${s.id}>
          <button type="button" class="row-button" aria-pressed=${s.id === open} onClick=${() => choose(s.id === open ? null : s.id)}>${s.label}</button>
          <time class="muted">${new Date(s.made).toLocaleString(document.documentElement.lang, { dateStyle: "short", timeStyle: "short" })}</time></li>`)}</ul>`}
      </${Panel}></div>
    ${current && html`<${Open} key=${open} id=${open} label=${current.label} twin=${twin} source=${source} sessions=${sessions} onFork=${made} onGone=${gone} />`}
  </div>`;
}

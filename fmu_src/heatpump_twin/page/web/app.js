/* The page: head, tabs, language, theme, machine. */
import { Help } from "./help.js";
import { StandardPoints } from "./standard_points.js";
import { LANGUAGES, translator } from "./texts.js";
import { makeFormat } from "./units.js";
import { Alert, Choice, Context, html, IconButton, kept, Loading, useEffect, useMemo, useState } from "./ui.js";
import { SETTABLE, startOf, useHistory, WhatIf } from "./what_if.js";

/* The state of the page as the address has it: #/tab?machine=...&T_sink_in=... */
export function readAddress(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  return { tab: path || "what-if", query: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

function fromQuery(twin, query) {
  const start = startOf(twin);
  const limits = { ...twin.machine.quantities, ...twin.machine.settings };
  const taken = (of, names) => Object.fromEntries(names.map((name) => {
    const value = query[name] === undefined || query[name].trim() === "" ? NaN : Number(query[name]);
    const { minimum, maximum } = limits[name];
    return [name, value >= minimum && value <= maximum && (name !== "number_of_units" || Number.isInteger(value)) ? value : of[name]];
  }));
  return { inputs: taken(start.inputs, twin.inputs), settings: taken(start.settings, SETTABLE) };
}

function Machine({ twin, source, tab, setTab, others, query }) {
  const history = useHistory(() => fromQuery(twin, query));
  const [computes, setComputes] = useState("core");
  const [beside, setBeside] = useState(null);
  const { now } = history;
  useEffect(() => {
    const timer = setTimeout(() => {
      const given = new URLSearchParams({ machine: twin.machine.name });
      const start = startOf(twin);
      for (const part of ["inputs", "settings"])
        for (const [name, value] of Object.entries(now[part])) if (value !== start[part][name]) given.set(name, value);
      try {
        window.history.replaceState(null, "", `#/${tab}?${given}`);
      } catch {
        /* A file in a frame may have no address to change. */
      }
    }, 250);
    return () => clearTimeout(timer);
  }, [twin, now, tab]);
  useEffect(() => {
    const onKey = (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.matches?.("input[type=text]")) return;
      const key = event.key.toLowerCase();
      if (key === "z" && !event.shiftKey) history.undo();
      else if (key === "y" || (key === "z" && event.shiftKey)) history.redo();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });
  const take = (inputs, also = null) => {
    history.replace({ ...now, inputs });
    setBeside(also);
    setTab("what-if");
  };
  const Other = others[tab];
  if (tab === "points") return html`<${StandardPoints} twin=${twin} onTake=${take} />`;
  if (tab === "help") return html`<${Help} twin=${twin} />`;
  if (Other) return html`<${Other} twin=${twin} source=${source} onTake=${take} inputs=${now.inputs} setTab=${setTab} />`;
  return html`<${WhatIf} ...${{ twin, history, computes, setComputes, beside, setBeside }} />`;
}

/* source: { api, machines(), load(name) }; others: further tabs by name. */
export function App({ source, others = {}, title }) {
  const first = useMemo(() => readAddress(location.hash), []);
  const [lang, setLang] = useState(() => kept.get("language", null) ?? (navigator.language?.startsWith("de") ? "de" : "en"));
  const [theme, setTheme] = useState(() => kept.get("theme", null) ?? document.documentElement.dataset.theme ?? null);
  const [tab, setTab] = useState(first.tab);
  const [machines, setMachines] = useState(null);
  const [name, setName] = useState(first.query.machine ?? null);
  const [twin, setTwin] = useState(null);
  const [error, setError] = useState(null);
  const [query, setQuery] = useState(first.query);
  const [attempt, setAttempt] = useState(0);
  const t = useMemo(() => translator(lang), [lang]);
  const f = useMemo(() => makeFormat(lang, twin?.machine.quantities), [lang, twin]);

  useEffect(() => {
    document.documentElement.lang = lang;
    kept.set("language", lang);
  }, [lang]);
  useEffect(() => {
    if (theme) document.documentElement.dataset.theme = theme;
    kept.set("theme", theme);
  }, [theme]);
  useEffect(() => {
    const onHash = () => {
      const next = readAddress(location.hash);
      setTab(next.tab);
      setQuery(next.query);
      if (next.query.machine) setName(next.query.machine);
    };
    addEventListener("hashchange", onHash);
    return () => removeEventListener("hashchange", onHash);
  }, []);
  useEffect(() => {
    setError(null);
    source.machines().then((found) => {
      setMachines(found);
      setName((n) => (n in found ? n : Object.keys(found)[0]));
    }, setError);
  }, [source, attempt]);
  useEffect(() => {
    if (!machines || !(name in machines)) return undefined;
    let isCurrent = true;
    source.load(name).then((found) => isCurrent && setTwin(found), (problem) => isCurrent && setError(problem));
    return () => { isCurrent = false; };
  }, [machines, name, attempt]);

  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const tabs = ["what-if", ...Object.keys(others), "points", "help"];
  const current = tabs.includes(tab) ? tab : "what-if";
  const onTabKey = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = tabs[(tabs.indexOf(current) + by + tabs.length) % tabs.length];
    setTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  const isReady = twin && twin.machine.name === name;
  return html`<${Context.Provider} value=${{ t, f, lang, api: source.api, isOffline: !source.api }}>
    <header class="head">
      <div class="brand"><svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true"><path class="dome" d="M3 27C8 6 13 5 16 5s9 2 12 22" /><path class="cycle" d="M9 21h14l4-11H9Z" /></svg>
        <h1>heatpump-twin${title && html`<small>${title}</small>`}</h1></div>
      ${machines && Object.keys(machines).length > 1 && html`<label class="machine"><span class="unseen">${t("machine")}</span>
        <select value=${name} onChange=${(e) => { setQuery({}); setName(e.currentTarget.value); }}>
          ${Object.entries(machines).map(([key, text]) => html`<option key=${key} value=${key}>${text}</option>`)}</select></label>`}
      ${machines && Object.keys(machines).length === 1 && html`<p class="machine">${Object.values(machines)[0]}</p>`}
      <div class="switches"><${Choice} label=${t("language")} value=${lang} onChange=${setLang} options=${LANGUAGES.map((l) => [l, l.toUpperCase()])} />
        <${IconButton} icon=${dark ? "sun" : "moon"} label=${t(dark ? "theme.light" : "theme.dark")} onClick=${() => setTheme(dark ? "light" : "dark")} /></div>
    </header>
    <main>
    <div class="tabs" role="tablist" aria-label=${t("tabs")} onKeyDown=${onTabKey}>
      ${tabs.map((key) => html`<button type="button" role="tab" key=${key} id=${`tab-${key}`} aria-selected=${key === current} aria-controls="content"
        tabindex=${key === current ? 0 : -1} onClick=${() => setTab(key)}>${t(`tab.${key}`)}</button>`)}
    </div>
    <div id="content" role="tabpanel" aria-labelledby=${`tab-${current}`}>
      ${error?.status === 401
        ? html`<form class="panel token" onSubmit=${(e) => { e.preventDefault(); source.api.setToken(e.currentTarget.token.value.trim()); setAttempt(attempt + 1); }}>
            <label for="token">${t("token")}</label><input id="token" name="token" type="password" autocomplete="off" required />
            <button type="submit" class="primary">${t("token.send")}</button><${Alert} error=${source.api.token ? error : null} /></form>`
        : error ? html`<div class="panel broken"><${Alert} error=${error} /><button type="button" class="primary" onClick=${() => setAttempt(attempt + 1)}>${t("retry")}</button></div>`
        : !isReady ? html`<div class="panel"><${Loading} text=${t("loading")} /></div>`
        : html`<${Machine} key=${name + JSON.stringify(query)} ...${{ twin, source, tab: current, setTab, others, query }} />`}
    </div></main>
  </${Context.Provider}>`;
}

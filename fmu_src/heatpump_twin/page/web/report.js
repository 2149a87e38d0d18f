/* Figures of a report, drawn from its records into the places that the page has for them. */
import { Chart, Legend, useHidden } from "./charts.js";
import { LogPH } from "./log_p_h.js";
import { translator } from "./texts.js";
import { Choice, Context, html, IconButton, kept, render, useEffect, useMemo, useState } from "./ui.js";
import { makeFormat } from "./units.js";

// Verdicts of screening by which a record is not scored, with their marks.
const ASIDE = { "not steady": "cross", "steady at another speed": "triangle", "set aside": "square", "against the others": "diamond" };
const COLOURS = ["c0", "c1", "c2", "c3", "c4"];
// Half widths of the band about the diagonal, in per cent or K: the first that holds all that is scored.
const BANDS = { share: [1, 2, 5, 10, 20, 50], kelvin: [0.1, 0.2, 0.5, 1, 2, 5, 10] };
// Of more records bars would hide the points.
const MOST_WITH_BARS = 300;

/* What figures need to know of the report. */
class Report {
  constructor(data) {
    Object.assign(this, data);
    this.t = translator("en");
    this.f = makeFormat("en", data.quantities);
    this.byNumber = new Map(data.records.map((r) => [r.record, r]));
    this.hasBars = data.records.length <= MOST_WITH_BARS;
    this.scored = data.records.filter((r) => r.verdict === "kept");
  }

  title(q) {
    return this.t.or(`q.${q}`, q);
  }

  axis(q) {
    const unit = this.f.unit(q);
    return this.title(q) + (unit && ` / ${unit}`);
  }

  hasShare(q) {
    return this.quantities[q].unit !== "K";
  }

  /* A prediction that had not seen the record, where there is one; else the FMU's answer. */
  predicted(record, q) {
    return record.unseen?.[q] ?? record.answers[q];
  }

  /* Predicted less measured, in per cent or K; NaN where nothing can be compared. */
  error(record, q) {
    const [measured, predicted] = [record.readings[q], this.predicted(record, q)];
    if (!Number.isFinite(measured) || !Number.isFinite(predicted)) return NaN;
    return this.hasShare(q) ? (100 * (predicted - measured)) / Math.abs(measured) : predicted - measured;
  }

  /* Half width of the band in per cent or K. */
  band(q) {
    const bands = this.hasShare(q) ? BANDS.share : BANDS.kelvin;
    const largest = Math.max(0, ...this.scored.map((r) => Math.abs(this.error(r, q))).filter(Number.isFinite));
    return bands.find((b) => b >= largest) ?? bands.at(-1);
  }

  bandText(q) {
    return `± ${this.band(q)} ${this.hasShare(q) ? "%" : "K"}`;
  }

  say(record) {
    const place = ["T_source_in", "T_sink_in"].map((q) => [this.title(q).toLowerCase(), this.f.full(q, record.inputs[q])]);
    return [["record", record.record], ...place];
  }

  /* Records by verdict, those that are scored first. */
  groups(name) {
    const aside = Object.entries(ASIDE).map(([verdict, shape]) => ({
      key: verdict, name: `not scored: ${verdict}`, shape, colour: "aside", hollow: true, aside: true, records: this.records.filter((r) => r.verdict === verdict),
    }));
    const kept = { key: "kept", name, shape: "circle", colour: "c0", records: this.scored };
    return [kept, ...aside].filter((g) => g.records.length);
  }
}

function Parity({ report, q, hidden, id, most }) {
  const { f } = report;
  const [, factor] = report.quantities[q].shown;
  const series = useMemo(() => report.groups(report.seen).map((g) => ({
    ...g,
    points: g.records.filter((r) => Number.isFinite(r.readings[q])).map((r) => {
      const half = g.key === "kept" ? r.half_widths?.[q] : null;
      const bars = report.hasBars;
      return {
        x: f.shown(q, r.readings[q]), y: f.shown(q, report.predicted(r, q)), ex: bars ? 2 * factor * (r.uncertainties[q] ?? 0) : 0, ey: bars && half ? factor * half : 0,
        say: [["record", r.record], ["measured", f.full(q, r.readings[q])], ["predicted", f.full(q, report.predicted(r, q))],
          ["error", report.hasShare(q) ? `${f.signed(report.error(r, q), 1)} %` : `${f.signed(report.error(r, q), 2)} K`], ...(half ? [["95 % band", `± ${f.number(factor * half, report.f.decimals(q))} ${f.unit(q) === "°C" ? "K" : f.unit(q)}`]] : [])],
      };
    }),
  })), [q]);
  const width = report.band(q);
  const band = report.hasShare(q) ? (v) => (width / 100) * Math.abs(v) : () => width;
  const unit = f.unit(q) && ` / ${f.unit(q)}`;
  return html`<${Chart} id=${id} label=${report.title(q)} series=${series} hidden=${hidden} diagonal band=${band} most=${most} x=${{ title: `measured${unit}; shaded ${report.bandText(q)}` }} y=${{ title: `predicted${unit}` }} />`;
}

function Summary({ report }) {
  const [record, setRecord] = useState(report.worst ?? report.records[0]?.record);
  const [q, setQ] = useState(report.main[0]);
  const [hidden, toggle] = useHidden();
  const chosen = report.byNumber.get(record);
  const cycle = chosen?.cycle;
  const cycles = chosen ? [
    ...(report.has_cycle ? [{ kind: "simulated", name: "FMU", values: chosen.answers }] : []),
    ...(cycle ? [{ kind: "measured", name: cycle.h_suction === null ? "measured pressures" : "measured: filled read, hollow derived", values: cycle, read: cycle.read }] : []),
  ] : [];
  const isDrawn = report.diagram && cycles.length > 0;
  return html`
    ${isDrawn && html`<section class="panel" aria-label="log(p)-h">
      <header class="panel-head"><h2>log(p)-h of ${report.diagram.refrigerant}</h2><label class="pick">record <select value=${record} onChange=${(e) => setRecord(Number(e.currentTarget.value))}>
        ${report.records.map((r) => html`<option key=${r.record} value=${r.record}>${r.record}${r.record === report.worst ? ", farthest off" : ""}${r.verdict === "kept" ? "" : `, ${r.verdict}`}</option>`)}</select></label></header>
      <${LogPH} diagram=${report.diagram} cycles=${cycles} height=${report.height} name="report-isolines" lines=${{ T: true, s: true, x: false }} />
      <p class="explain">Record ${record}: ${report.say(chosen).slice(1).map(([name, text]) => `${name} ${text}`).join(", ")}. s in kJ/(kg K).${cycle ? "" : " No pressures were recorded; the cycle is the FMU's."}</p>
    </section>`}
    <section class="panel" aria-label="Parity"><header class="panel-head"><h2>${report.seen_title}</h2>
      <label class="pick">quantity <select value=${q} onChange=${(e) => setQ(e.currentTarget.value)}>${report.scored_quantities.map((name) => html`<option key=${name} value=${name}>${report.title(name)}</option>`)}</select></label></header>
      <${Parity} key=${q} id="summary-parity" report=${report} q=${q} hidden=${hidden} most=${report.height} />
      <${Legend} entries=${report.groups(report.seen)} hidden=${hidden} onToggle=${toggle} />
      ${report.hasBars && html`<p class="explain">Bars: 95 %, of the reading across, of the prediction upright.</p>`}</section>`;
}

function Parities({ report }) {
  const [hidden, toggle] = useHidden();
  return html`<${Legend} entries=${report.groups(report.seen)} hidden=${hidden} onToggle=${toggle} />
    <div class="grid-of">${report.scored_quantities.map((q) => html`<${Parity} key=${q} id=${`parity-${q}`} report=${report} q=${q} hidden=${hidden} />`)}</div>`;
}

/* What residuals are drawn over: name, title, value of a record. */
function axesOf(report) {
  const { f, scored } = report;
  const of = (q) => [q, report.axis(q), (r) => f.shown(q, r.inputs[q])];
  const varies = (q) => new Set(scored.map((r) => r.inputs[q])).size > 1;
  return [
    ["lift", "temperature lift / K", (r) => r.inputs.T_sink_in - r.inputs.T_source_in],
    of("T_source_in"), of("T_sink_in"), ...(varies("compressor_speed") ? [of("compressor_speed")] : []), ["record", "record", (r) => r.record],
  ];
}

function Residuals({ report }) {
  const kinds = [["share", "power, heat, pressure in %"], ["kelvin", "temperatures in K"]].filter(([kind]) => report.scored_quantities.some((q) => report.hasShare(q) === (kind === "share")));
  const [kind, setKind] = useState(kinds[0][0]);
  const [withAside, setWithAside] = useState(false);
  const [hidden, toggle] = useHidden();
  const quantities = report.scored_quantities.filter((q) => report.hasShare(q) === (kind === "share"));
  const entries = quantities.slice(0, COLOURS.length).map((q, i) => ({ key: q, name: report.title(q), shape: "circle", colour: COLOURS[i] }));
  const unit = kind === "share" ? "%" : "K";
  const isFew = report.scored.length === report.records.length;
  const of = (value, records, q) => records.map((r) => ({
    x: value(r), y: report.error(r, q), say: [...report.say(r), ["error", `${report.f.signed(report.error(r, q), kind === "share" ? 1 : 2)} ${unit}`]],
  }));
  return html`<div class="controls">${kinds.length > 1 && html`<${Choice} label="Residuals" value=${kind} onChange=${setKind} options=${kinds} />`}
      ${!isFew && html`<label class="check"><input type="checkbox" checked=${withAside} onChange=${(e) => setWithAside(e.currentTarget.checked)} />records that are not scored</label>`}</div>
    <${Legend} entries=${entries} hidden=${hidden} onToggle=${toggle} />
    <div class="grid-of">${axesOf(report).map(([name, title, value]) => html`<${ResidualsOver} key=${name + kind + withAside} ...${{ report, name, title, value, entries, of, unit, withAside, hidden }} />`)}</div>`;
}

function ResidualsOver({ report, name, title, value, entries, of, unit, withAside, hidden }) {
  const series = useMemo(() => [
    ...entries.map((e) => ({ ...e, points: of(value, report.scored, e.key) })),
    ...(withAside ? entries.map((e) => ({ ...e, name: `${e.name}, not scored`, hollow: true, aside: true, points: of(value, report.records.filter((r) => r.verdict !== "kept"), e.key) })) : []),
  ], []);
  return html`<${Chart} id=${`residuals-${name}`} label=${`over ${title.split(" / ")[0].toLowerCase()}`} series=${series} hidden=${hidden} zero x=${{ title }} y=${{ title: `predicted − measured / ${unit}` }} most=${290} />`;
}

function Curves({ report }) {
  const [hidden, toggle] = useHidden();
  const { curves, heat } = report.performance;
  const { f } = report;
  const level = (i) => `level${i}`;
  const nearest = (r) => curves.reduce((best, c, i) => (Math.abs(c.T_sink_in - r.inputs.T_sink_in) < Math.abs(curves[best].T_sink_in - r.inputs.T_sink_in) ? i : best), 0);
  const measuredAt = useMemo(() => report.scored.map(nearest), []);
  const entries = curves.map((c, i) => ({ key: level(i), name: `sink inlet ${f.full("T_sink_in", c.T_sink_in)}`, colour: COLOURS[i], line: true }));
  return html`<${Legend} entries=${entries} hidden=${hidden} onToggle=${toggle} />
    <div class="grid-of">${["P_el", heat, "COP"].map((q) => html`<${CurvesOf} key=${q} ...${{ report, q, curves, entries, measuredAt, hidden }} />`)}</div>`;
}

function CurvesOf({ report, q, curves, entries, measuredAt, hidden }) {
  const { f } = report;
  const series = useMemo(() => [
    ...curves.map((_, i) => ({
      ...entries[i], name: "measured", line: false, shape: "circle", points: report.scored.filter((r, k) => measuredAt[k] === i && Number.isFinite(r.readings[q])).map((r) => ({
        x: f.shown("T_source_in", r.inputs.T_source_in), y: f.shown(q, r.readings[q]), say: [...report.say(r), ["measured", f.full(q, r.readings[q])], ["FMU", f.full(q, r.answers[q])]] })),
    })),
    ...curves.map((c, i) => ({
      ...entries[i], points: c.T_source_in.map((T, k) => ({ x: f.shown("T_source_in", T), y: c.outputs[q][k] === null ? NaN : f.shown(q, c.outputs[q][k]),
        say: [["source", f.full("T_source_in", T)], [report.title(q).toLowerCase(), f.full(q, c.outputs[q][k])]] })),
    })),
  ], []);
  return html`<${Chart} id=${`curves-${q}`} label=${report.title(q)} series=${series} hidden=${hidden} x=${{ title: report.axis("T_source_in") }} y=${{ title: report.axis(q) }} />`;
}

function Theme() {
  const [theme, setTheme] = useState(() => kept.get("theme", null));
  useEffect(() => {
    if (theme) document.documentElement.dataset.theme = theme;
    kept.set("theme", theme);
  }, [theme]);
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  return html`<${IconButton} icon=${dark ? "sun" : "moon"} label=${dark ? "Light colours" : "Dark colours"} onClick=${() => setTheme(dark ? "light" : "dark")} />`;
}

const FIGURES = { summary: Summary, parities: Parities, residuals: Residuals, curves: Curves, theme: Theme };

/* data: what the harness has put into the page; place: the page. */
export function start({ data }, place) {
  const report = new Report({ ...data, height: innerWidth < 760 ? 310 : 370 });
  for (const element of place.querySelectorAll("[data-figure]")) {
    element.replaceChildren();
    const Figure = FIGURES[element.dataset.figure];
    render(html`<${Context.Provider} value=${{ t: report.t, f: report.f, lang: "en" }}><${Figure} report=${report} /></${Context.Provider}>`, element);
  }
}

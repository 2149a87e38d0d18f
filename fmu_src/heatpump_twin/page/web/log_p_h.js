/* The log(p)-h diagram: dome, isolines, cycles, and the state under the cursor. */
import { html, IconButton, kept, useApp, useMemo, useState, useWidth } from "./ui.js";
import { logTicks, ticks } from "./units.js";
import { useView } from "./view.js";

const MARGIN = { left: 46, right: 12, top: 10, bottom: 38 };

/* The corners of a cycle: before and after the compressor, before and after the valve. */
export function corners(v) {
  const points = [[v.h_suction, v.p_low], [v.h_discharge, v.p_high], [v.h_liquid, v.p_high], [v.h_liquid, v.p_low]];
  return points.every(([h, p]) => Number.isFinite(h) && Number.isFinite(p)) ? points : null;
}

/* { T, s, x } at p and h; x is null outside the two-phase region, T and s where nothing is known. */
export function stateAt(diagram, p, h) {
  const { rows } = diagram;
  const P = rows.p;
  if (p < P[0] || p > P[P.length - 1] || h < diagram.h[0] || h > diagram.h[1]) return null;
  let i = 0;
  while (i < P.length - 2 && P[i + 1] < p) i++;
  const w = Math.log(p / P[i]) / Math.log(P[i + 1] / P[i]);
  const along = (name) => rows[name][i] + w * (rows[name][i + 1] - rows[name][i]);
  const [liquid, vapour] = [along("h_liquid"), along("h_vapour")];
  if (p < diagram.p_critical && h >= liquid && h <= vapour && vapour > liquid) {
    const x = (h - liquid) / (vapour - liquid);
    const mix = (q) => along(`${q}_liquid`) + x * (along(`${q}_vapour`) - along(`${q}_liquid`));
    return { T: mix("T"), s: mix("s"), x };
  }
  const side = h > vapour || (p >= diagram.p_critical && h > liquid) ? "vapour" : "liquid";
  const [from, to] = side === "vapour" ? [vapour, diagram.h[1]] : [liquid, diagram.h[0]];
  const table = diagram[side];
  const count = table.T[0].length;
  const u = Math.min(count - 1.000001, Math.max(0, ((h - from) / (to - from)) * (count - 1)));
  const k = Math.floor(u);
  const at = (q) => {
    let sum = 0;
    for (const [r, a] of [[i, 1 - w], [i + 1, w]])
      for (const [c, b] of [[k, 1 - (u - k)], [k + 1, u - k]]) {
        const value = table[q][r][c];
        if (value === null && a * b > 1e-9) return null;
        sum += a * b * (value ?? 0);
      }
    return sum;
  };
  return { T: at("T"), s: at("s"), x: null };
}

/* A line that is round at its points, which lie far apart at the top of the dome. */
function smooth(points) {
  const at = (i) => points[Math.min(points.length - 1, Math.max(0, i))];
  const towards = (a, b, c) => [0, 1].map((k) => (a[k] + (b[k] - c[k]) / 6).toFixed(1)).join(" ");
  return points.slice(1).reduce((d, to, i) =>
    `${d}C${towards(at(i), to, at(i - 1))} ${towards(to, at(i), at(i + 2))} ${to[0].toFixed(1)} ${to[1].toFixed(1)}`, `M${points[0][0].toFixed(1)} ${points[0][1].toFixed(1)}`);
}

function Background({ diagram, X, Y, area, lines, t, f }) {
  return useMemo(() => {
    const path = (hs, ps) => hs.map((h, i) => `${i ? "L" : "M"}${X(h).toFixed(1)} ${Y(ps[i]).toFixed(1)}`).join("");
    const { rows } = diagram;
    const below = rows.p.map((_, i) => i).filter((i) => rows.p[i] < diagram.p_critical);
    const pick = (name) => below.map((i) => rows[name][i]);
    const p = pick("p");
    const dome = smooth([...pick("h_liquid"), ...pick("h_vapour").reverse()].map((h, i) => [X(h), Y(i < p.length ? p[i] : p[2 * p.length - 1 - i])]));
    const qualities = lines.x ? [0.2, 0.4, 0.6, 0.8].map((x) => {
      const hs = below.map((i) => rows.h_liquid[i] + x * (rows.h_vapour[i] - rows.h_liquid[i]));
      return { d: path(hs, p), text: `x ${f.number(x, 1)}`, h: hs[0], p: p[0] };
    }) : [];
    const inside = (h, q) => X(h) > area.x + 2 && X(h) < area.x + area.w - 40 && Y(q) > area.y + 14 && Y(q) < area.y + area.h - 4;
    const taken = [];
    const label = (line) => {
      // At the highest point that is seen, unless another label is there already.
      for (let i = line.h.length - 1; i >= 0; i--) {
        if (!inside(line.h[i], line.p[i])) continue;
        const at = [X(line.h[i]), Y(line.p[i])];
        if (taken.some(([x, y]) => Math.abs(x - at[0]) < 42 && Math.abs(y - at[1]) < 14)) return null;
        taken.push(at);
        return at;
      }
      return null;
    };
    const iso = (kind, list, say) => list.map((line) => {
      const at = label(line);
      return html`<g class=${`iso ${kind}`} key=${kind + line.value}><path d=${path(line.h, line.p)} />
        ${at && html`<text x=${at[0] + 3} y=${at[1] + 10}>${say(line.value)}</text>`}</g>`;
    });
    return html`<g>
      <path class="dome" d=${dome} />
      ${qualities.map((q) => html`<g class="iso quality" key=${q.text}><path d=${q.d} />
        ${inside(q.h, q.p) && html`<text x=${X(q.h) + 3} y=${Y(q.p) - 3}>${q.text}</text>`}</g>`)}
      ${lines.T && iso("isotherm", diagram.isotherms, (v) => `${f.number(v - 273.15, 0)} °C`)}
      ${lines.s && iso("isentrope", diagram.isentropes, (v) => `s ${f.number(v / 1000, 2)}`)}
    </g>`;
  }, [diagram, X, Y, lines, t, f]);
}

/* What was read is a filled mark, what follows from it a hollow one. */
const isRead = (cycle, i) => cycle.read?.[i] ?? false;

/* A cycle of which only the pressures are known. */
function Pressures({ cycle, area, Y }) {
  const known = ["p_low", "p_high"].filter((p) => Number.isFinite(cycle.values[p]));
  return html`<g class=${`cycle ${cycle.kind}`}><title>${cycle.name}</title>
    ${known.map((p) => html`<path key=${p} d=${`M${area.x} ${Y(cycle.values[p])}h${area.w}`} />`)}</g>`;
}

/* cycles: [{ name, values, kind: "simulated" | "measured" | "other", read }]; the simulated one
   has its states numbered; read says
   which corners are readings. lines: isolines that are seen first. */
export function LogPH({ diagram, cycles, id = "log-p-h", height: most = 520, lines: first = { T: true, s: false, x: true }, name = "isolines" }) {
  const { t, f } = useApp();
  const [ref, width] = useWidth(520);
  const height = Math.min(most, Math.max(300, width));
  const whole = useMemo(() => ({ x: [diagram.h[0], diagram.h[1]], y: [Math.log(diagram.p[0]), Math.log(diagram.p[1])] }), [diagram]);
  const [lines, setLines] = useState(() => kept.get(name, first));
  const [cursor, setCursor] = useState(null);
  const area = useMemo(() => ({ x: MARGIN.left, y: MARGIN.top, w: width - MARGIN.left - MARGIN.right, h: height - MARGIN.top - MARGIN.bottom }), [width, height]);
  const { svg, view, at, zoom, reset, handlers } = useView(whole, area);
  const [X, Y] = useMemo(() => [at.X, (p) => at.Y(Math.log(p))], [area, view]);
  const point = (place) => setCursor(place && { h: at.x(place[0]), p: Math.exp(at.y(place[1])), x: place[0], y: place[1] });
  const toggle = (kind) => {
    const next = { ...lines, [kind]: !lines[kind] };
    setLines(next);
    kept.set(name, next);
  };

  const hTicks = ticks(view.x[0] / 1e3, view.x[1] / 1e3, area.w / 80);
  const pTicks = logTicks(Math.exp(view.y[0]) / 1e5, Math.exp(view.y[1]) / 1e5);
  const under = cursor && stateAt(diagram, cursor.p, cursor.h);
  const items = cursor && [
    ["p", `${f.number(cursor.p / 1e5, 2)} bar`], ["h", `${f.number(cursor.h / 1e3, 1)} kJ/kg`],
    ...(under?.T ? [["T", `${f.number(under.T - 273.15, 1)} °C`]] : []),
    ...(under?.s ? [["s", `${f.number(under.s / 1e3, 3)} kJ/(kg K)`]] : []),
    ["x", under && under.x !== null ? f.number(under.x, 2) : "–"],
  ];
  return html`<div ref=${ref} class="drawing">
    <div class="tools">
      <div class="choice" role="group" aria-label=${t("diagram.isolines")}>
        ${[["T", t("diagram.isotherms")], ["s", t("diagram.isentropes")], ["x", t("diagram.quality")]].map(([key, text]) =>
          html`<button type="button" key=${key} aria-pressed=${lines[key]} onClick=${() => toggle(key)}>${text}</button>`)}
      </div>
      <span class="spring"></span>
      <span class="together"><${IconButton} icon="minus" label=${t("diagram.out")} onClick=${() => zoom(1.25)} />
      <${IconButton} icon="plus" label=${t("diagram.in")} onClick=${() => zoom(1 / 1.25)} />
      <${IconButton} icon="fit" label=${t("diagram.fit")} onClick=${reset} /></span>
    </div>
    <svg ref=${svg} class="log-p-h" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} tabindex="0"
      role="application" aria-label=${t("diagram.label", { refrigerant: diagram.refrigerant })}
      ...${handlers(point)}>
      <clipPath id=${`${id}-area`}><rect x=${area.x} y=${area.y} width=${area.w} height=${area.h} /></clipPath>
      <g class="grid">
        ${hTicks.values.map((v) => html`<path key=${`h${v}`} d=${`M${X(v * 1e3)} ${area.y}v${area.h}`} />`)}
        ${pTicks.map((v) => html`<path key=${`p${v}`} d=${`M${area.x} ${Y(v * 1e5)}h${area.w}`} />`)}
      </g>
      <g clip-path=${`url(#${id}-area)`}>
        <${Background} ...${{ diagram, X, Y, area, lines, t, f }} />
        ${cycles.map((cycle) => {
          const places = corners(cycle.values);
          if (!places) return html`<${Pressures} key=${cycle.kind} ...${{ cycle, area, Y }} />`;
          const d = `${places.map(([h, p], i) => `${i ? "L" : "M"}${X(h).toFixed(2)} ${Y(p).toFixed(2)}`).join("")}Z`;
          return html`<g key=${cycle.kind} class=${`cycle ${cycle.kind}`}><title>${cycle.name}</title><path d=${d} />
            ${places.map(([h, p], i) => html`<circle key=${i} class=${isRead(cycle, i) ? "read" : ""} cx=${X(h)} cy=${Y(p)} r="4" />`)}
            ${cycle.kind === "simulated" && places.map(([h, p], i) => html`<text key=${`n${i}`} class="state" x=${X(h) + (i === 0 || i === 1 ? 8 : -8)} y=${Y(p) + (i === 0 || i === 3 ? 16 : -8)} text-anchor=${i === 0 || i === 1 ? "start" : "end"}>${i + 1}</text>`)}</g>`;
        })}
        ${cursor && html`<path class="crosshair" d=${`M${cursor.x} ${area.y}v${area.h}M${area.x} ${cursor.y}h${area.w}`} />`}
      </g>
      <rect class="frame" x=${area.x} y=${area.y} width=${area.w} height=${area.h} />
      <g class="axis">
        ${hTicks.values.map((v) => html`<text key=${v} x=${X(v * 1e3)} y=${height - 22} text-anchor="middle">${f.number(v, hTicks.decimals)}</text>`)}
        ${pTicks.map((v) => html`<text key=${v} x=${area.x - 6} y=${Y(v * 1e5) + 4} text-anchor="end">${f.number(v, v < 10 && v % 1 ? 1 : 0)}</text>`)}
        <text class="title" x=${area.x + area.w} y=${height - 5} text-anchor="end">${t("diagram.h")} / kJ/kg</text>
        <text class="title" x=${area.x + 6} y=${area.y + 15}>p / bar</text>
      </g>
    </svg>
    <div class="readout two-lines">${items
      ? items.map(([key, text]) => html`<span key=${key}><i>${key}</i> ${text}</span>`)
      : html`<span class="legend">${cycles.filter((c) => Number.isFinite(c.values.p_low)).map((c) => html`<span key=${c.kind} class=${`key-${c.kind}`}>${c.name}</span>`)}</span><span class="hint">${t("diagram.hint")}</span>`}</div>
  </div>`;
}

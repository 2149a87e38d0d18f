/* Values over time, one strip for each, with one cursor for all. */
import { html, useApp, useRef, useWidth } from "./ui.js";
import { ticks } from "./units.js";

const MARGIN = { left: 58, right: 10 };
const STRIP = 84;
const AXIS = 26;

/* Time as a clock of the session: days, hours, minutes, seconds. */
export function clock(seconds) {
  const s = Math.round(seconds);
  const two = (n) => String(n).padStart(2, "0");
  const days = Math.floor(s / 86400);
  const rest = `${two(Math.floor((s % 86400) / 3600))}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  return days ? `${days} d ${rest}` : rest;
}

/* Steps that hold their value, as a path; of many in one pixel the least and the largest stay. */
function path(steps, value, X, Y) {
  let d = "";
  let column = null;
  let [low, high, previous] = [0, 0, null];
  const flush = () => {
    if (column !== null && low !== high) d += `M${column} ${Y(low).toFixed(1)}V${Y(high).toFixed(1)}`;
    column = null;
  };
  for (const step of steps) {
    const v = value(step);
    if (v === null || v === undefined || !Number.isFinite(v)) {
      flush();
      previous = null;
      continue;
    }
    const x = Math.round(X(step.time) * 2) / 2;
    if (x === column) {
      low = Math.min(low, v);
      high = Math.max(high, v);
    } else {
      flush();
      // The outputs of a step hold over it, so the line rises at its begin.
      if (previous === null) d += `M${x} ${Y(v).toFixed(1)}`;
      else d += `M${previous.x} ${Y(previous.v).toFixed(1)}V${Y(v).toFixed(1)}H${x}`;
      [column, low, high] = [x, v, v];
    }
    previous = { x, v };
  }
  flush();
  return d;
}

export const valueOf = (step, name) => step.outputs[name] ?? step.inputs[name] ?? null;

/* strips: names; runs: [{ steps, kind }], the first of which the cursor belongs to. */
export function Series({ strips, runs, cursor, onCursor, span, label }) {
  const { t, f } = useApp();
  const [ref, width] = useWidth(640);
  const drag = useRef(false);
  const [t0, t1] = span;
  const w = width - MARGIN.left - MARGIN.right;
  const height = strips.length * STRIP + AXIS;
  const X = (time) => MARGIN.left + ((time - t0) / Math.max(t1 - t0, 1e-9)) * w;
  const { steps } = runs[0];
  const nearest = (time) => {
    let [low, high] = [0, steps.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle].time < time) low = middle + 1;
      else high = middle;
    }
    return low > 0 && time - steps[low - 1].time < steps[low].time - time ? low - 1 : low;
  };
  const move = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    onCursor(nearest(t0 + ((event.clientX - box.left - MARGIN.left) / w) * (t1 - t0)));
  };
  const onKeyDown = (event) => {
    const to = { ArrowLeft: cursor - 1, ArrowRight: cursor + 1, Home: 0, End: steps.length - 1, PageUp: cursor - 10, PageDown: cursor + 10 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onCursor(Math.min(steps.length - 1, Math.max(0, to)));
  };
  const long = t1 - t0 > 7200;
  const unit = long ? 3600 : 60;
  const xt = ticks(t0 / unit, t1 / unit, w / 90);
  const at = steps[cursor];
  const inside = runs.map((run) => ({ ...run, seen: run.steps.filter((s, i) => s.time >= t0 && (s.time <= t1 || run.steps[i - 1]?.time < t1)) }));
  return html`<div ref=${ref} class="drawing">
    <svg class="series" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} tabindex="0" role="slider"
      aria-label=${label} aria-valuemin="0" aria-valuemax=${steps.length - 1} aria-valuenow=${cursor} aria-valuetext=${at && t("series.at", { step: at.step, time: clock(at.time) })}
      onPointerDown=${(e) => { drag.current = true; e.currentTarget.setPointerCapture(e.pointerId); move(e); }}
      onPointerMove=${(e) => drag.current && move(e)} onPointerUp=${() => (drag.current = false)} onPointerCancel=${() => (drag.current = false)} onKeyDown=${onKeyDown}>
      <clipPath id="series-area"><rect x=${MARGIN.left} y="0" width=${w} height=${height} /></clipPath>
      ${strips.map((name, i) => {
        const [top, h] = [i * STRIP + 16, STRIP - 24];
        let [low, high] = [Infinity, -Infinity];
        for (const run of inside)
          for (const s of run.seen) {
            const v = valueOf(s, name);
            if (v !== null && Number.isFinite(v)) [low, high] = [Math.min(low, v), Math.max(high, v)];
          }
        if (low > high) [low, high] = [0, 1];
        const pad = 0.08 * (high - low) || Math.max(Math.abs(high) * 0.01, 1e-3);
        [low, high] = [low - pad, high + pad];
        const Y = (v) => top + h - ((v - low) / (high - low)) * h;
        const yt = ticks(f.shown(name, low), f.shown(name, high), 3);
        const value = at && valueOf(at, name);
        return html`<g key=${name} class="strip" data-strip=${name}>
          <rect class="frame" x=${MARGIN.left} y=${top} width=${w} height=${h} />
          ${yt.values.map((v) => html`<g key=${v} class="axis"><path class="grid" d=${`M${MARGIN.left} ${Y(f.si(name, v))}h${w}`} />
            <text x=${MARGIN.left - 6} y=${Y(f.si(name, v)) + 4} text-anchor="end">${f.number(v, yt.decimals)}</text></g>`)}
          <g clip-path="url(#series-area)">${inside.map((run) => html`<path key=${run.kind} class=${`line ${run.kind}`} d=${path(run.seen, (s) => valueOf(s, name), X, Y)} />`)}</g>
          <text class="name" x=${MARGIN.left + 6} y=${top - 4}>${t.or(`q.${name}`, name)}</text>
          <text class="now" x=${MARGIN.left + w} y=${top - 4} text-anchor="end" data-cursor=${name} data-si=${value ?? ""}>${f.full(name, value)}</text>
          ${at && at.time >= t0 && at.time <= t1 && value !== null && html`<circle class="at" cx=${X(at.time)} cy=${Y(value)} r="3.5" />`}
        </g>`;
      })}
      ${at && at.time >= t0 && at.time <= t1 && html`<path class="cursor" d=${`M${X(at.time)} 4V${height - AXIS}`} />`}
      <g class="axis">${xt.values.map((v) => html`<text key=${v} x=${X(v * unit)} y=${height - 10} text-anchor="middle">${f.number(v, xt.decimals)}</text>`)}
        <text class="title" x=${MARGIN.left - 16} y=${height - 10} text-anchor="end">${long ? "h" : "min"}</text></g>
    </svg></div>`;
}

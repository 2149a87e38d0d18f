/* Points and lines in a frame of two linear axes: zoomed, moved, and said under the pointer. */
import { html, IconButton, useMemo, useState, useApp, useWidth } from "./ui.js";
import { ticks } from "./units.js";
import { useView } from "./view.js";

const MARGIN = { left: 52, right: 12, top: 10, bottom: 40 };
// A point nearer than this to the pointer is meant, pixels.
const NEAR = 28;
// A series of more points has small, pale ones.
const MANY = 300;
// Room around what is seen first, as a share; what lies within so many spans of it is seen too.
const [ROOM, NEIGHBOUR] = [0.06, 0.5];

const GLYPHS = {
  circle: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z",
  cross: "M-4-4 4 4M-4 4 4-4",
  triangle: "M0-5 4.500 3.500H-4.500Z",
  square: "M-4-4H4V4H-4Z",
  diamond: "M0-5.500 5.500 0 0 5.500-5.500 0Z",
};

function spanOf(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) if (Number.isFinite(v)) [low, high] = [Math.min(low, v), Math.max(high, v)];
  if (low > high) return null;
  const pad = ROOM * (high - low) || Math.max(0.05 * Math.abs(high), 0.5);
  return [low - pad, high + pad];
}

const union = (a, b) => (a && b ? [Math.min(a[0], b[0]), Math.max(a[1], b[1])] : a ?? b);

/* What is seen first follows from the series that count; others only widen it a little, so that one
   that is far off does not press all the rest into a line. */
function ranges(series, square, also) {
  const of = (axis, wanted) => spanOf(wanted.flatMap((s) => s.points.flatMap((p) => axis === "y" ? [p.y - (p.ey ?? 0), p.y + (p.ey ?? 0)] : [p.x])).concat(also?.[axis] ?? []));
  const found = { start: {}, whole: {} };
  for (const axis of ["x", "y"]) {
    const all = of(axis, series) ?? [0, 1];
    const first = of(axis, series.filter((s) => !s.aside)) ?? all;
    const more = NEIGHBOUR * (first[1] - first[0]);
    found.start[axis] = [Math.max(Math.min(first[0], all[0]), first[0] - more), Math.min(Math.max(first[1], all[1]), first[1] + more)];
    found.whole[axis] = all;
  }
  if (square)
    for (const range of [found.start, found.whole]) range.x = range.y = union(range.x, range.y);
  return found;
}

export function Key({ shape, colour, line, hollow }) {
  return html`<svg class=${`key ${colour}`} width="22" height="14" viewBox="-11 -7 22 14" aria-hidden="true">
    ${line && html`<path class="line" d="M-11 0H11" />`}${!line && html`<path class=${`dot ${hollow ? "hollow" : ""}`} d=${GLYPHS[shape]} />`}</svg>`;
}

/* Buttons that show and hide series: entries [{ key, name, shape, colour, line, hollow }]. */
export function Legend({ entries, hidden, onToggle }) {
  return html`<div class="keys" role="group" aria-label="Series">
    ${entries.map((e) => html`<button type="button" key=${e.key} aria-pressed=${!hidden.has(e.key)} onClick=${() => onToggle(e.key)}><${Key} ...${e} />${e.name}</button>`)}</div>`;
}

/* The set of hidden series, and what toggles one. */
export function useHidden() {
  const [hidden, setHidden] = useState(new Set());
  const toggle = (key) => setHidden((now) => {
    const next = new Set(now);
    if (!next.delete(key)) next.add(key);
    return next;
  });
  return [hidden, toggle];
}

/* series: [{ key, name, shape, colour, line, hollow, aside, points: [{ x, y, ex, ey, say }] }]; ex and
   ey are half widths of bars, say what is told of a point: [[name, text], ...]; `aside` does not count for the axes.
   x, y: { title, also }; band: half width of the band about the diagonal at x. */
export function Chart({ id, label, series, hidden, x, y, diagonal, band, zero, most = 340 }) {
  const { f } = useApp();
  const [ref, width] = useWidth(360);
  const height = Math.round(diagonal ? Math.min(width, most) : Math.min(0.72 * width, most));
  const area = useMemo(() => ({ x: MARGIN.left, y: MARGIN.top, w: width - MARGIN.left - MARGIN.right, h: height - MARGIN.top - MARGIN.bottom }), [width, height]);
  const { whole, start } = useMemo(() => ranges(series, diagonal, { x: x.also, y: zero ? [0] : [] }), [series]);
  const { svg, view, at, zoom, reset, handlers } = useView(whole, area, start);
  const [near, setNear] = useState(null);
  const shown = series.filter((s) => !hidden.has(s.key));
  const find = (place) => {
    let best = null;
    if (place)
      for (const s of shown)
        for (const p of s.points) {
          if (!Number.isFinite(p.x) || !Number.isFinite(p.y)) continue;
          const distance = Math.hypot(at.X(p.x) - place[0], at.Y(p.y) - place[1]);
          if (distance < (best?.distance ?? NEAR)) best = { distance, series: s, point: p };
        }
    setNear(best);
  };
  const seen = (p) => p.x >= view.x[0] && p.x <= view.x[1] && p.y >= view.y[0] && p.y <= view.y[1];
  const beyond = shown.reduce((n, s) => n + (s.line ? 0 : s.points.filter((p) => Number.isFinite(p.y) && Number.isFinite(p.x) && !seen(p)).length), 0);
  const [xt, yt] = [ticks(...view.x, area.w / 70), ticks(...view.y, area.h / 46)];
  const ends = view.x;
  const edge = (sign) => `${ends.map((v, i) => `${i ? "L" : "M"}${at.X(v)} ${at.Y(v + sign * band(v))}`).join("")}`;
  return html`<div ref=${ref} class="drawing chart" data-chart=${id}>
    <div class="tools"><b>${label}</b><span class="spring"></span>
      <span class="together"><${IconButton} icon="minus" label=${`Zoom out: ${label}`} onClick=${() => zoom(1.25)} /><${IconButton} icon="plus" label=${`Zoom in: ${label}`} onClick=${() => zoom(1 / 1.25)} />
      <${IconButton} icon="fit" label=${`Show all: ${label}`} onClick=${reset} /></span></div>
    <svg ref=${svg} class="plot" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} tabindex="0" role="application"
      aria-label=${`${label}; arrow keys move, plus and minus zoom, 0 shows all`} ...${handlers(find)}>
      <clipPath id=${`${id}-area`}><rect x=${area.x} y=${area.y} width=${area.w} height=${area.h} /></clipPath>
      <g class="grid">${xt.values.map((v) => html`<path key=${`x${v}`} d=${`M${at.X(v)} ${area.y}v${area.h}`} />`)}${yt.values.map((v) => html`<path key=${`y${v}`} d=${`M${area.x} ${at.Y(v)}h${area.w}`} />`)}</g>
      <g clip-path=${`url(#${id}-area)`}>
        ${band && html`<path class="band" d=${`${edge(1)}L${at.X(ends[1])} ${at.Y(ends[1] - band(ends[1]))}L${at.X(ends[0])} ${at.Y(ends[0] - band(ends[0]))}Z`} />`}
        ${diagonal && html`<path class="guide" d=${`M${at.X(ends[0])} ${at.Y(ends[0])}L${at.X(ends[1])} ${at.Y(ends[1])}`} />`}
        ${zero && html`<path class="guide" d=${`M${area.x} ${at.Y(0)}h${area.w}`} />`}
        ${shown.map((s) => html`<g key=${s.key + (s.line ? "-line" : "")} class=${`series-of ${s.colour} ${s.points.length > MANY ? "many" : ""}`}>
          ${s.line ? html`<path class="line" d=${line(s.points, at)} />`
            : html`<path class="bars" d=${s.points.map((p) => bars(p, at)).join("")} />
              ${s.points.map((p, i) => Number.isFinite(p.x) && Number.isFinite(p.y) && html`<path key=${i} class=${`dot ${s.hollow ? "hollow" : ""} ${near?.point === p ? "near" : ""}`} d=${GLYPHS[s.shape]} transform=${`translate(${at.X(p.x).toFixed(1)} ${at.Y(p.y).toFixed(1)})${s.points.length > MANY ? " scale(.5)" : ""}`} />`)}`}</g>`)}
      </g>
      <rect class="frame" x=${area.x} y=${area.y} width=${area.w} height=${area.h} />
      <g class="axis">
        ${xt.values.map((v) => html`<text key=${v} x=${at.X(v)} y=${height - 24} text-anchor="middle">${f.number(v, xt.decimals)}</text>`)}
        ${yt.values.map((v) => html`<text key=${v} x=${area.x - 6} y=${at.Y(v) + 4} text-anchor="end">${f.number(v, yt.decimals)}</text>`)}
        <text class="title" x=${area.x + area.w} y=${height - 6} text-anchor="end">${x.title}</text>
        <text class="title halo" x=${area.x + 6} y=${area.y + 15}>${y.title}</text>
      </g>
    </svg>
    <div class="readout">${near
      ? html`<span><b>${near.series.name}</b></span>${(near.point.say ?? []).map(([name, text]) => html`<span key=${name}><i>${name}</i> ${text}</span>`)}`
      : beyond > 0 && html`<span class="muted">${beyond} beyond this view: zoom out</span>`}</div>
  </div>`;
}

function line(points, at) {
  let d = "";
  let isDown = false;
  for (const p of points) {
    if (!Number.isFinite(p.y)) isDown = false;
    else {
      d += `${isDown ? "L" : "M"}${at.X(p.x).toFixed(1)} ${at.Y(p.y).toFixed(1)}`;
      isDown = true;
    }
  }
  return d;
}

function bars(p, at) {
  if (!Number.isFinite(p.x) || !Number.isFinite(p.y)) return "";
  const across = p.ex > 0 ? `M${at.X(p.x - p.ex).toFixed(1)} ${at.Y(p.y).toFixed(1)}H${at.X(p.x + p.ex).toFixed(1)}` : "";
  const up = p.ey > 0 ? `M${at.X(p.x).toFixed(1)} ${at.Y(p.y - p.ey).toFixed(1)}V${at.Y(p.y + p.ey).toFixed(1)}` : "";
  return across + up;
}

/* COP gauge, and the envelope with the operating point in it. */
import { html, useApp, useMemo, useRef, useWidth } from "./ui.js";
import { ticks } from "./units.js";

// Where the colours of the gauge and of the envelope change; COP above the last end of the scale is
// shown at the end.
export const COP_ENDS = [0, 2.5, 3.5, 4.5, 8];
const CLASSES = ["poor", "fair", "good", "best"];
const copClass = (cop) => CLASSES[COP_ENDS.slice(1, -1).filter((end) => cop >= end).length];

export function Gauge({ value, status }) {
  const { t, f } = useApp();
  const [w, h, r] = [220, 132, 88];
  const [cx, cy] = [w / 2, h - 22];
  const most = COP_ENDS.at(-1);
  const at = (cop, radius) => {
    const a = Math.PI * (1 - Math.min(Math.max(cop / most, 0), 1));
    return `${(cx + radius * Math.cos(a)).toFixed(2)} ${(cy - radius * Math.sin(a)).toFixed(2)}`;
  };
  const isOff = status === 0 || !Number.isFinite(value);
  const words = isOff ? t("status.off") : t(`cop.${copClass(value)}`);
  return html`<svg class="gauge" width=${w} height=${h} viewBox=${`0 0 ${w} ${h}`} role="img"
    aria-label=${`COP ${f.value("COP", value)}, ${words}`}>
    ${CLASSES.map((name, i) => html`<path key=${name} class=${`arc ${name}`}
      d=${`M${at(COP_ENDS[i] + (i ? 0.04 : 0), r)}A${r} ${r} 0 0 1 ${at(COP_ENDS[i + 1] - (i < 3 ? 0.04 : 0), r)}`} />`)}
    ${COP_ENDS.map((end) => html`<text key=${end} class="mark" x=${at(end, r + 17).split(" ")[0]} y=${Number(at(end, r + 17).split(" ")[1]) + 4}
      text-anchor="middle">${f.number(end, end % 1 ? 1 : 0)}</text>`)}
    ${!isOff && html`<path class="needle" d=${`M${at(value, r - 20)}L${at(value, r + 7)}`} />`}
    <text class="number" x=${cx} y=${cy - 8} text-anchor="middle" data-q="COP" data-si=${value ?? ""}>${f.value("COP", value)}</text>
    <text class="word" x=${cx} y=${cy + 14} text-anchor="middle">${words}</text>
  </svg>`;
}

// Cells of the picture: those of the envelope, and as many at each side outside.
const [COLUMNS_INSIDE, ROWS_INSIDE, OUTSIDE] = [20, 15, 3];
const [COLUMNS, ROWS] = [COLUMNS_INSIDE + 2 * OUTSIDE, ROWS_INSIDE + 2 * OUTSIDE];

/* Source and sink inlet, coloured by the COP at this speed and these flows; the point can be moved. */
export function Envelope({ twin, inputs, settings, status, onMove }) {
  const { t, f } = useApp();
  const [ref, width] = useWidth(320);
  const drag = useRef(false);
  const height = 236;
  const area = { x: 40, y: 8, w: width - 50, h: height - 46 };
  const { envelope } = twin.machine;
  const wider = ([low, high], count) => [low - (OUTSIDE / count) * (high - low), high + (OUTSIDE / count) * (high - low)];
  const [xs, ys] = [wider(envelope.T_source_in, COLUMNS_INSIDE), wider(envelope.T_sink_in, ROWS_INSIDE)];
  const X = (T) => area.x + ((T - xs[0]) / (xs[1] - xs[0])) * area.w;
  const Y = (T) => area.y + area.h - ((T - ys[0]) / (ys[1] - ys[0])) * area.h;
  const cells = useMemo(() => {
    const paths = {};
    const [dx, dy] = [area.w / COLUMNS, area.h / ROWS];
    for (let i = 0; i < COLUMNS; i++)
      for (let k = 0; k < ROWS; k++) {
        const source = xs[0] + ((i + 0.5) / COLUMNS) * (xs[1] - xs[0]);
        const sink = ys[0] + ((k + 0.5) / ROWS) * (ys[1] - ys[0]);
        const found = twin.ask({ ...inputs, T_source_in: source, T_sink_in: sink }, settings);
        const name = found.status === 1 ? copClass(found.outputs.COP) : found.status === 2 ? "moved" : found.status === 0 ? "off" : "none";
        paths[name] = `${paths[name] ?? ""}M${(area.x + i * dx).toFixed(1)} ${(area.y + area.h - (k + 1) * dy).toFixed(1)}h${(dx + 0.3).toFixed(1)}v${(dy + 0.3).toFixed(1)}h-${(dx + 0.3).toFixed(1)}Z`;
      }
    return paths;
  }, [twin, inputs.compressor_speed, inputs.m_flow_source, inputs.m_flow_sink, settings, width]);
  const move = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const limit = (v, [low, high]) => Math.min(high, Math.max(low, v));
    const rounded = (T) => Math.round((T - 273.15) * 10) / 10 + 273.15;
    onMove({
      T_source_in: rounded(limit(xs[0] + ((event.clientX - box.left - area.x) / area.w) * (xs[1] - xs[0]), xs)),
      T_sink_in: rounded(limit(ys[0] + ((area.y + area.h - event.clientY + box.top) / area.h) * (ys[1] - ys[0]), ys)),
    });
  };
  const [xt, yt] = [ticks(xs[0] - 273.15, xs[1] - 273.15, area.w / 60), ticks(ys[0] - 273.15, ys[1] - 273.15, 5)];
  const clamp = (v, low, high) => Math.min(high, Math.max(low, v));
  const [px, py] = [clamp(X(inputs.T_source_in), area.x + 6, area.x + area.w - 6), clamp(Y(inputs.T_sink_in), area.y + 6, area.y + area.h - 6)];
  return html`<div ref=${ref} class="drawing">
    <svg class="envelope" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="img"
      aria-label=${t("envelope.label", { source: f.full("T_source_in", inputs.T_source_in), sink: f.full("T_sink_in", inputs.T_sink_in), status: t(`status.${["off", "inside", "moved", "failed", "rejected"][status]}`) })}
      onPointerDown=${(event) => { drag.current = true; event.currentTarget.setPointerCapture(event.pointerId); move(event); }}
      onPointerMove=${(event) => drag.current && move(event)} onPointerUp=${() => (drag.current = false)} onPointerCancel=${() => (drag.current = false)}>
      ${Object.entries(cells).map(([name, d]) => html`<path key=${name} class=${`cell ${name}`} d=${d} />`)}
      <rect class="border" x=${X(envelope.T_source_in[0])} y=${Y(envelope.T_sink_in[1])}
        width=${X(envelope.T_source_in[1]) - X(envelope.T_source_in[0])} height=${Y(envelope.T_sink_in[0]) - Y(envelope.T_sink_in[1])} />
      <rect class="frame" x=${area.x} y=${area.y} width=${area.w} height=${area.h} />
      <g class="axis">
        ${xt.values.map((v) => html`<text key=${v} x=${X(v + 273.15)} y=${height - 24} text-anchor="middle">${f.number(v, 0)}</text>`)}
        ${yt.values.map((v) => html`<text key=${v} x=${area.x - 6} y=${Y(v + 273.15) + 4} text-anchor="end">${f.number(v, 0)}</text>`)}
        <text class="title" x=${area.x + area.w} y=${height - 6} text-anchor="end">${t("q.T_source_in")} / °C</text>
        <text class="title halo" x=${area.x + 6} y=${area.y + 15}>${t("q.T_sink_in")} / °C</text>
      </g>
      <g class=${`point s${status}`}><circle cx=${px} cy=${py} r="8" /><circle class="dot" cx=${px} cy=${py} r="3" /></g>
    </svg>
    <div class="readout"><span class="legend">${CLASSES.map((name, i) => html`<span key=${name} class=${`swatch ${name}`}>${i === 3 ? `> ${f.number(COP_ENDS[3], 1)}` : `${i ? `${f.number(COP_ENDS[i], 1)}–` : "< "}${f.number(COP_ENDS[i + 1], 1)}`}</span>`)}
      <span class="swatch moved">${t("envelope.outside")}</span></span></div>
  </div>`;
}

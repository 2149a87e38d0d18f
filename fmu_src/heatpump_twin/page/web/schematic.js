/* The machine as a picture: condenser above, evaporator below, compressor to the right and valve to
   the left, so that it lies as the cycle lies in the log(p)-h diagram. */
import { html, useApp, useWidth } from "./ui.js";
import { isHeld } from "./twin.js";
import { temperatureColour as colour } from "./units.js";

const TOP = 46;
const BOX = 72;
const INNER = 318;
const HEIGHT = 2 * (TOP + BOX) + INNER;

/* values: inputs and outputs by name, SI; missing ones are not known. */
export function Schematic({ values, status, faults = {}, id = "schematic" }) {
  const { t, f } = useApp();
  const [ref, width] = useWidth(520);
  const w = Math.min(width, 640);
  const isOn = status !== 0 && !(values.m_flow_refrigerant === 0);
  const T = (name) => (isOn || name.includes("_in") || name.includes("_out") ? colour(values[name]) : "var(--line-strong)");
  const [left, right] = [34, w - 42];
  const [x0, x1] = [left + 44, right - 44];
  const [yc, ye] = [TOP + BOX, TOP + BOX + INNER];
  const middle = 0.5 * (yc + ye);
  const centre = 0.5 * (left + right);

  const Value = ({ q, x, y, anchor = "start", big = false, label }) => {
    const fault = faults[q];
    const known = values[q] !== undefined && values[q] !== null;
    return html`<g class=${`value${big ? " big" : ""}${fault ? " at-fault" : ""}`} data-q=${q} data-si=${known ? values[q] : ""}>
      <title>${t(`q.${q}`)}: ${f.full(q, values[q], 2)}${fault ? ` – ${fault}` : ""}</title>
      <text class="key" x=${x} y=${y} text-anchor=${anchor}>${label ?? t(`s.${q}`)}</text>
      <text class="number" x=${x} y=${y + (big ? 27 : 16)} text-anchor=${anchor}>${f.value(q, values[q])}${f.unit(q) && html`<tspan class="unit" dx="3">${f.unit(q)}</tspan>`}</text>
    </g>`;
  };
  const Pipe = ({ d, of, flow = isOn, kind = "refrigerant" }) => html`<g class=${`pipe ${kind}`}>
    <path d=${d} stroke=${T(of)} /><path class=${flow ? "flow on" : "flow"} d=${d} />
  </g>`;
  const gradient = (name, from, to) => html`<linearGradient id=${`${id}-${name}`}>
    <stop offset="0" stop-color=${T(from)} /><stop offset="1" stop-color=${T(to)} /></linearGradient>`;

  return html`<div ref=${ref} class="drawing">
    <svg class=${`schematic${isHeld(status) ? " held" : ""}${isOn ? "" : " is-off"}`} width=${w} height=${HEIGHT} viewBox=${`0 0 ${w} ${HEIGHT}`}
      role="group" aria-label=${t("schematic.label")}>
      <defs>
        ${gradient("condenser", "T_liquid", "T_discharge")}${gradient("sink", "T_sink_in", "T_sink_out")}
        ${gradient("source", "T_source_out", "T_source_in")}
      </defs>
      <${Pipe} of="T_sink_in" kind="water" flow=${values.m_flow_sink > 0} d=${`M${x0 + 14} 4V${yc - 45}`} />
      <${Pipe} of="T_sink_out" kind="water" flow=${values.m_flow_sink > 0} d=${`M${x1 - 14} ${yc - 45}V4`} />
      <${Pipe} of="T_source_in" kind="water" flow=${values.m_flow_source > 0} d=${`M${x1 - 14} ${HEIGHT - 4}V${ye + 45}`} />
      <${Pipe} of="T_source_out" kind="water" flow=${values.m_flow_source > 0} d=${`M${x0 + 14} ${ye + 45}V${HEIGHT - 4}`} />
      <${Pipe} of="T_discharge" d=${`M${right} ${middle - 26}V${yc - 14}H${x1}`} />
      <${Pipe} of="T_liquid" d=${`M${x0} ${yc - 14}H${left}V${middle - 12}`} />
      <${Pipe} of=${isOn ? "T_source_out" : "T_suction"} d=${`M${left} ${middle + 12}V${ye + 14}H${x0}`} />
      <${Pipe} of="T_suction" d=${`M${x1} ${ye + 14}H${right}V${middle + 26}`} />

      <rect class="body" x=${x0} y=${yc - BOX} width=${x1 - x0} height=${BOX} rx="9" />
      <rect x=${x0 + 1} y=${yc - 17} width=${x1 - x0 - 2} height="6" fill=${`url(#${id}-condenser)`} />
      <rect x=${x0 + 7} y=${yc - 48} width=${x1 - x0 - 14} height="6" rx="3" fill=${`url(#${id}-sink)`} />
      <rect class="body" x=${x0} y=${ye} width=${x1 - x0} height=${BOX} rx="9" />
      <rect x=${x0 + 1} y=${ye + 11} width=${x1 - x0 - 2} height="6" fill=${isOn ? T("T_suction") : "var(--line-strong)"} />
      <rect x=${x0 + 7} y=${ye + 42} width=${x1 - x0 - 14} height="6" rx="3" fill=${`url(#${id}-source)`} />
      <text class="part" x=${centre} y=${yc - 56} text-anchor="middle">${t("part.condenser")}</text>
      <text class="part" x=${centre} y=${ye + 65} text-anchor="middle">${t("part.evaporator")}</text>
      <text class="heat" x=${centre} y=${yc - 24} text-anchor="middle" data-q="Q_flow_sink" data-si=${values.Q_flow_sink ?? ""}><title>${t("q.Q_flow_sink")}</title>↑ ${f.full("Q_flow_sink", values.Q_flow_sink)}</text>
      <text class="heat" x=${centre} y=${ye + 34} text-anchor="middle" data-q="Q_flow_source" data-si=${values.Q_flow_source ?? ""}><title>${t("q.Q_flow_source")}</title>↑ ${f.full("Q_flow_source", values.Q_flow_source)}</text>

      <g class=${`compressor${faults.compressor_speed ? " at-fault" : ""}`}><title>${t("part.compressor")}</title>
        <circle cx=${right} cy=${middle} r="26" />
        <path d=${`M${right - 20} ${middle + 17}L${right - 9} ${middle - 24}M${right + 20} ${middle + 17}L${right + 9} ${middle - 24}`} />
      </g>
      <g class="valve"><title>${t("part.valve")}</title>
        <path d=${`M${left - 11} ${middle - 13}h22l-22 26h22Z`} /></g>

      <${Value} q="T_sink_in" x=${x0 + 4} y=${15} anchor="end" /><${Value} q="T_sink_out" x=${x1 - 4} y=${15} />
      <${Value} q="m_flow_sink" x=${centre} y=${15} anchor="middle" />
      <${Value} q="T_source_out" x=${x0 + 4} y=${HEIGHT - 22} anchor="end" /><${Value} q="T_source_in" x=${x1 - 4} y=${HEIGHT - 22} />
      <${Value} q="m_flow_source" x=${centre} y=${HEIGHT - 22} anchor="middle" />

      <${Value} q="T_liquid" x=${left + 14} y=${yc + 20} /><${Value} q="subcooling" x=${left + 14} y=${yc + 55} />
      <${Value} q="h_liquid" x=${left + 14} y=${yc + 90} />
      <${Value} q="m_flow_refrigerant" x=${left + 14} y=${ye - 25} />
      <${Value} q="T_discharge" x=${right - 14} y=${yc + 20} anchor="end" /><${Value} q="h_discharge" x=${right - 14} y=${yc + 55} anchor="end" />
      <${Value} q="P_el" x=${right - 34} y=${middle - 33} anchor="end" /><${Value} q="Q_flow_loss" x=${right - 34} y=${middle + 3} anchor="end" />
      <${Value} q="h_suction" x=${right - 14} y=${ye - 95} anchor="end" /><${Value} q="superheat" x=${right - 14} y=${ye - 60} anchor="end" />
      <${Value} q="T_suction" x=${right - 14} y=${ye - 25} anchor="end" />
      <${Value} q="p_high" x=${centre} y=${yc + 20} anchor="middle" />
      <${Value} q="COP" x=${centre - 14} y=${middle - 28} anchor="middle" big label="COP" />
      <${Value} q="compressor_speed" x=${centre - 14} y=${middle + 22} anchor="middle" />
      <${Value} q="p_low" x=${centre} y=${ye - 25} anchor="middle" />
    </svg>
  </div>`;
}

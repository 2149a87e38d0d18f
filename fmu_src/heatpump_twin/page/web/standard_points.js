/* The points at which data sheets state a heat pump (EN 14511), for this machine at its own flows;
   and two kept answers side by side. */
import { StatusChip } from "./values.js";
import { html, Panel, useApp, useMemo } from "./ui.js";

const POINTS = [
  ["B", 0, 35], ["B", 0, 55], ["W", 10, 35], ["W", 10, 55], ["A", 7, 35], ["A", 7, 55], ["A", 2, 35], ["A", -7, 35],
];

/* B, W or A by the medium of the source, as EN 14511 names it. */
export function kindOfMedium(medium) {
  if (/air/i.test(medium)) return "A";
  return /water$/i.test(medium) ? "W" : "B";
}

/* Each point that the media allow, with its answer; `why` where there is none. A machine for brine
   can also take water of 10 degC. */
export function standardPoints(twin) {
  const { source, sink } = twin.machine.media;
  if (kindOfMedium(sink) === "A") return [];
  const kind = kindOfMedium(source);
  const allowed = { A: "A", B: "BW", W: "W" }[kind];
  return POINTS.filter(([of]) => allowed.includes(of)).map(([of, T_source, T_sink]) => {
    const inputs = { ...twin.design, T_source_in: T_source + 273.15 };
    const T_sink_in = twin.sinkInletFor(T_sink + 273.15, inputs);
    return {
      name: `${of}${T_source}/W${T_sink}`,
      answer: T_sink_in === null ? null : twin.ask({ ...inputs, T_sink_in }),
    };
  });
}

export function StandardPoints({ twin, onTake }) {
  const { t, f } = useApp();
  const points = useMemo(() => standardPoints(twin), [twin]);
  return html`<${Panel} title=${t("points.title")}>
    <p class="explain">${t("points.explain", {
      source: f.full("m_flow_source", twin.design.m_flow_source), sink: f.full("m_flow_sink", twin.design.m_flow_sink),
      speed: f.value("compressor_speed", twin.design.compressor_speed) })}</p>
    ${points.length === 0 ? html`<p class="empty">${t("points.none")}</p>` : html`<div class="scroll" tabindex="0" role="group" aria-label=${t("points.title")}><table class="points">
      <thead><tr><th scope="col">${t("points.point")}</th>${["T_source_in", "T_sink_in", "T_sink_out", "P_el", "Q_flow_sink", "COP"].map((q) => html`<th scope="col" class="n" key=${q}>${t(`q.${q}`)}</th>`)}<th scope="col">${t("points.status")}</th><th><span class="unseen">${t("points.take")}</span></th></tr></thead>
      <tbody>${points.map(({ name, answer }) => html`<tr key=${name} data-point=${name} class=${answer?.status === 1 ? "" : "outside"}>
        <th scope="row">${name}</th>
        ${answer
          ? html`${["T_source_in", "T_sink_in"].map((q) => html`<td class="n" key=${q}>${f.full(q, answer.inputs[q])}</td>`)}
            ${["T_sink_out", "P_el", "Q_flow_sink", "COP"].map((q) => html`<td class="n" key=${q} data-exact=${answer.outputs[q]}>${f.full(q, answer.outputs[q])}</td>`)}
            <td><${StatusChip} status=${answer.status} /></td><td><button type="button" class="text-button" onClick=${() => onTake(answer.inputs)}>${t("points.take")}</button></td>`
          : html`<td colspan="8">${t("points.no_solution")}</td>`}</tr>`)}</tbody></table></div>`}
  </${Panel}>`;
}

/* The points at which data sheets state a heat pump (EN 14511), for this machine at its own flows;
   and two kept answers side by side. */
import { StatusChip } from "./values.js";
import { html, Panel, useApp, useMemo } from "./ui.js";

/* Each point that the media allow, with its answer; none where no sink inlet gives its outlet. */
export function standardPoints(twin) {
  return twin.machine.rating_points.map(({ name, T_source_in, T_sink_in, T_sink_out }) => {
    const inputs = { ...twin.design, T_source_in };
    const found = T_sink_in ?? twin.sinkInletFor(T_sink_out, inputs);
    return { name, answer: found === null ? null : twin.ask({ ...inputs, T_sink_in: found }) };
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

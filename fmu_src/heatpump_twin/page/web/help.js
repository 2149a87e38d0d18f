/* What each value means. */
import { html, Panel, useApp } from "./ui.js";
import { StatusChip } from "./values.js";

export function Help({ twin }) {
  const { t, f, isOffline } = useApp();
  const { machine } = twin;
  const rows = (names) => names.map((name) => {
    const q = machine.quantities[name];
    return html`<tr key=${name}><th scope="row">${t(`q.${name}`)}</th><td><code>${name}</code></td><td>${q.shown[0] === "1" ? "–" : q.shown[0]}</td>
      <td>${q.unit === "1" ? "–" : q.unit}</td><td>${t(`d.${name}`)}</td></tr>`;
  });
  const table = (names, label) => html`<div class="scroll" tabindex="0" role="group" aria-label=${label}><table class="help variables">
    <thead><tr>${["name", "variable", "shown", "si", "meaning"].map((k) => html`<th scope="col" key=${k}>${t(`help.${k}`)}</th>`)}</tr></thead>
    <tbody>${rows(names)}</tbody></table></div>`;
  return html`<div class="stack">
    <${Panel} title=${t("help.about")}><p class="explain">${t("help.about_text")}</p>
      <p class="explain">${t("help.band_text", { P_el: f.number(100 * machine.band.P_el, 0), Q: f.number(100 * machine.band.Q_flow_sink, 0) })}</p>
      ${!isOffline && html`<p class="explain">${t("help.sessions_text")}</p>`}</${Panel}>
    <${Panel} title=${t("help.status")}><table class="help"><tbody>
      ${[0, 1, 2, 3, 4].map((s) => html`<tr key=${s}><th scope="row">${s}</th><td><${StatusChip} status=${s} /></td><td>${t(`help.status.${s}`)}</td></tr>`)}</tbody></table></${Panel}>
    <${Panel} title=${t("inputs.title")}>${table(machine.names.inputs, t("inputs.title"))}</${Panel}>
    <${Panel} title=${t("values.title")}>${table(machine.names.results, t("values.title"))}</${Panel}>
    <${Panel} title=${t("help.keys")}><table class="help"><tbody>
      ${["undo", "redo", "arrows", "diagram", "zoom"].map((k) => html`<tr key=${k}><th scope="row"><kbd>${t(`help.key.${k}`)}</kbd></th><td>${t(`help.key.${k}.does`)}</td></tr>`)}</tbody></table></${Panel}>
  </div>`;
}

/* Every value of an answer, with its unit, its band and all digits. */
import { html, useApp } from "./ui.js";

export function StatusChip({ status, held }) {
  const { t } = useApp();
  const name = ["off", "inside", "moved", "failed", "rejected"][status];
  return html`<span class=${`status s${status}`} data-status=${status} role="status">${t(`status.${name}`)}${held ? ` · ${t("status.held")}` : ""}</span>`;
}

export function Values({ answer, names, band, faults }) {
  const { t, f } = useApp();
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t("values.title")}><table class="values">
    <thead><tr><th scope="col">${t("values.quantity")}</th><th scope="col" class="n">${t("values.value")}</th>
      <th scope="col" class="n">${t("values.band")}</th><th scope="col" class="n exact">${t("values.exact")}</th></tr></thead>
    <tbody>${names.map((name) => {
      const value = answer.outputs[name];
      return html`<tr key=${name} class=${faults[name] ? "at-fault" : ""}>
        <th scope="row" title=${t(`d.${name}`)}>${t(`q.${name}`)}${faults[name] && html`<small>${faults[name]}</small>`}</th>
        <td class="n" data-value=${name}>${f.full(name, value)}</td>
        <td class="n muted">${band[name] && value ? `± ${f.full(name, band[name] * value)}` : ""}</td>
        <td class="n exact" data-exact=${name}>${String(value)}</td></tr>`;
    })}</tbody></table></div>`;
}

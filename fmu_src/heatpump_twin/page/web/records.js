/* What was measured beside what is simulated. */
import { LogPH } from "./log_p_h.js";
import { remember } from "./session.js";
import { Alert, html, Loading, Panel, useApp, useEffect, useState } from "./ui.js";

const VERDICTS = { kept: "kept", "not steady": "not_steady", "steady at another speed": "other_speed", "set aside": "set_aside", "against the others": "outlier" };

export function Records({ twin, source, onTake, setTab }) {
  const { t, f } = useApp();
  const { machine } = twin;
  const [data, setData] = useState(null);
  const [error, setError] = useState(null);
  const [chosen, setChosen] = useState(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    source.api.get(`/datasets/${encodeURIComponent(machine.name)}`).then((found) => {
      setData(found);
      setChosen(found.records[0]?.record ?? null);
    }, setError);
  }, [machine.name]);
  if (error?.problem?.type?.endsWith("unknown-dataset")) return html`<div class="panel"><p class="empty">${t("records.none")}</p></div>`;
  if (error && !data) return html`<div class="panel broken"><${Alert} error=${error} /></div>`;
  if (!data) return html`<div class="panel"><${Loading} text=${t("records.loading")} /></div>`;
  const record = data.records.find((r) => r.record === chosen);
  // Of predictions that had not seen the record: residuals of a fit say nothing of new points.
  const miss = (r, q) => (r.readings[q] > 0 && typeof r.unseen[q] === "number" ? (r.unseen[q] - r.readings[q]) / r.readings[q] : null);
  const main = ["P_el", "Q_flow_sink", "Q_flow_source"].filter((q) => data.records.some((r) => r.readings[q] !== undefined && r.readings[q] !== null)).slice(0, 2);
  const fork = async () => {
    setBusy(true);
    setError(null);
    try {
      const made = await source.api.post("/sessions", { dataset: data.name, record: chosen });
      remember(made.session, t("session.of_record", { record: chosen }));
      setTab("session");
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const measured = record && { ...record.readings, ...Object.fromEntries(Object.entries(record.cycle).filter(([, v]) => v !== null)) };
  if (measured && measured.h_discharge === undefined && record.cycle.h_discharge_recorded) measured.h_discharge = record.cycle.h_discharge_recorded;
  const percent = (x) => (x === null ? "–" : f.signed(100 * x, 1) + " %");
  const isTemperature = (q) => machine.quantities[q].unit === "K";
  return html`<div class="records">
    <${Panel} title=${data.title} class="rail">
      <details class="source"><summary>${t("records.source")}</summary><p class="explain">${data.source}</p></details>
      <p class="explain">${t("records.of_unseen")}</p>
      <div class="scroll list" tabindex="0" role="group" aria-label=${data.title}><table class="choose">
        <thead><tr><th scope="col">${t("records.record")}</th>${main.map((q) => html`<th scope="col" class="n" key=${q}>${t(`s.${q}`)}</th>`)}<th scope="col">${t("records.verdict")}</th></tr></thead>
        <tbody>${data.records.map((r) => html`<tr key=${r.record} class=${`${r.record === chosen ? "chosen" : ""}${r.is_scored ? "" : " unscored"}`} data-record=${r.record} onClick=${() => setChosen(r.record)}>
          <th scope="row"><button type="button" class="row-button" aria-pressed=${r.record === chosen}>${r.record}</button></th>
          ${main.map((q) => html`<td class="n" key=${q}>${percent(miss(r, q))}</td>`)}
          <td>${VERDICTS[r.verdict] ? t(`verdict.${VERDICTS[r.verdict]}`) : r.verdict}</td></tr>`)}</tbody></table></div>
    </${Panel}>
    <div class="main">
      <${Alert} error=${error} />
      ${record && html`<div class="pictures two">
        <${Panel} title=${t("records.title", { record: chosen })} actions=${html`
          <button type="button" class="text-button" onClick=${() => onTake(record.inputs, { kind: "measured", name: t("cycle.measured_record", { record: chosen }), values: measured })}>${t("records.what_if")}</button>
          <button type="button" class="text-button" disabled=${busy} onClick=${fork}>${t("records.session")}</button>`}>
          <p class="explain">${machine.names.inputs.map((q) => html`<span class="pair" key=${q}>${t(`q.${q}`)} <b>${f.full(q, record.inputs[q])}</b></span>`)}</p>
          <div class="scroll" tabindex="0" role="group" aria-label=${t("records.title", { record: chosen })}><table class="compare">
            <thead><tr>${["quantity", "measured", "simulated", record.was_fitted ? "unseen" : "difference", "band"].map((k, i) => html`<th scope="col" key=${k} class=${i ? "n" : ""}>${t(`records.${k}`)}</th>`)}</tr></thead>
            <tbody>${machine.names.results.filter((q) => record.readings[q] !== undefined && record.readings[q] !== null).map((q) => {
              const band = machine.band[q] ? machine.band[q] * record.answers[q] : null;
              const unseen = typeof record.unseen[q] === "number" ? record.unseen[q] - record.readings[q] : null;
              const isOut = band !== null && unseen !== null && Math.abs(unseen) > band;
              return html`<tr key=${q} class=${isOut ? "at-fault" : ""}><th scope="row">${t(`q.${q}`)}</th>
                <td class="n" data-measured=${q}>${f.full(q, record.readings[q])}</td><td class="n" data-simulated=${q} data-si=${record.answers[q]}>${f.full(q, record.answers[q])}</td>
                <td class="n" data-unseen=${q}>${unseen === null ? "–" : f.difference(q, unseen)}${isTemperature(q) ? "" : html` <span class="muted percent">${percent(miss(record, q))}</span>`}</td>
                <td class="n">${band === null ? html`<span class="muted">–</span>` : html`± ${f.full(q, band)} <span class=${isOut ? "out" : "in"}>${t(isOut ? "records.out" : "records.in")}</span>`}</td></tr>`;
            })}</tbody></table></div>
          ${record.was_fitted && html`<p class="explain">${t("records.fitted")}</p>`}
          ${!record.is_scored && html`<p class="explain">${t("records.unscored")}</p>`}
        </${Panel}>
        <${Panel} title="log(p)-h">
          <${LogPH} diagram=${twin.diagram} cycles=${[{ kind: "simulated", name: t("cycle.simulated"), values: record.answers }, { kind: "measured", name: t("cycle.measured"), values: measured }]} />
          ${record.cycle.h_suction === null && html`<p class="explain">${t("records.no_cycle")}</p>`}
        </${Panel}></div>`}
    </div></div>`;
}

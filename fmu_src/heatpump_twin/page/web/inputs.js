/* Inputs by number and slider. */
import { html, useApp, useEffect, useState } from "./ui.js";
import { parse } from "./units.js";

/* One number. `range` is what the slider spans; `inside` the part of it in the envelope; `limits`
   what may be said at all. `refused` is why the last value was not taken, `note` why it was moved. */
export function NumberField({ name, label, unit, value, decimals, range, inside, limits, hint, note, refused, onChange, onDone, isWhole = false }) {
  const { t, f } = useApp();
  const [text, setText] = useState(null);
  const [fault, setFault] = useState("");
  // What is typed stays until it is left; then the field shows the value again.
  useEffect(() => setFault(""), [value]);
  const shown = text ?? f.plain(Number(value.toFixed(Math.max(decimals, 6))));
  const take = (typed) => {
    setText(typed);
    const x = parse(typed);
    const wrong = Number.isNaN(x) || (limits && (x < limits[0] || x > limits[1])) || (isWhole && !Number.isInteger(x));
    setFault(wrong ? t(isWhole ? "input.expected_whole" : "input.expected", { low: f.plain(limits[0]), high: f.plain(limits[1]), unit }) : "");
    if (!wrong) onChange(x);
  };
  const leave = () => {
    if (!fault) setText(null);
    onDone?.();
  };
  const share = (x) => `${(100 * (Math.min(Math.max(x, range[0]), range[1]) - range[0])) / (range[1] - range[0])}%`;
  const message = fault || refused || note;
  const step = isWhole ? 1 : 10 ** -decimals;
  return html`<div class=${`field${fault || refused ? " invalid" : note ? " moved" : ""}`} data-input=${name}>
    <label for=${`in-${name}`}>${label}</label>
    <span class="entry"><input id=${`in-${name}`} type="text" inputmode="decimal" autocomplete="off" value=${shown}
      aria-invalid=${Boolean(fault || refused)} aria-describedby=${`hint-${name}`}
      onInput=${(e) => take(e.currentTarget.value)} onBlur=${leave}
      onKeyDown=${(e) => {
        if (e.key === "Enter") leave();
        if (e.key === "Escape") { setText(null); setFault(""); }
        if ((e.key === "ArrowUp" || e.key === "ArrowDown") && !fault) {
          e.preventDefault();
          const next = value + (e.key === "ArrowUp" ? step : -step) * (e.shiftKey ? 10 : 1);
          setText(null);
          onChange(Number(Math.min(limits[1], Math.max(limits[0], next)).toFixed(9)));
        }
      }} /><span class="unit">${unit}</span></span>
    <input type="range" aria-label=${t("input.slider", { name: label })} min=${range[0]} max=${range[1]} step=${step}
      value=${value} aria-valuetext=${`${f.plain(value)} ${unit}`} style=${{ "--from": share(inside[0]), "--to": share(inside[1]), "--at": share(value) }}
      onInput=${(e) => { setText(null); setFault(""); onChange(Number(e.currentTarget.value)); }} onChange=${() => onDone?.()} />
    <p id=${`hint-${name}`} class="hint" role=${message ? "status" : undefined}>${message || hint}</p>
  </div>`;
}

/* What a slider of an input spans: the envelope and some of what lies outside, in people's units. */
export function sliderRange(machine, f, name) {
  const [low, high] = machine.envelope[name].map((v) => f.shown(name, v));
  const q = machine.quantities[name];
  const [least, most] = [f.shown(name, q.minimum), f.shown(name, q.maximum)];
  const share = 0.25 * (high - low);
  // Sliders count their steps from the lower end, so that lies on one.
  const steps = 10 ** f.decimals(name);
  const round = (x, up) => (up ? Math.ceil(x * steps) : Math.floor(x * steps)) / steps;
  const from = name === "compressor_speed" ? 0 : Math.max(least, round(low - share, false));
  return { range: [from, Math.min(most, round(high + share, true))], inside: [low, high], limits: [least, most] };
}

/* The inputs of a machine that the browser knows. */
export function MachineInputs({ machine, inputs, notes, refused = {}, onChange, onDone }) {
  const { t, f } = useApp();
  return machine.names.inputs.map((name) => {
    const { range, inside, limits } = sliderRange(machine, f, name);
    return html`<${NumberField} key=${name} name=${name} label=${t(`q.${name}`)} unit=${f.unit(name)} decimals=${f.decimals(name)}
      value=${f.shown(name, inputs[name])} ...${{ range, inside, limits }} note=${notes[name]} refused=${refused[name]}
      hint=${t(name === "compressor_speed" ? "input.hint_speed" : "input.hint", { low: f.value(name, f.si(name, inside[0])), high: f.value(name, f.si(name, inside[1])), unit: f.unit(name) })}
      onChange=${(x) => onChange({ [name]: f.si(name, x) })} onDone=${onDone} />`;
  });
}

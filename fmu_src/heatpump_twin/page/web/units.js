/* Numbers as people read and write them; inside the page all are SI. */

const FALLBACK = ["1", 1, 0, 3];

/* quantities: of the machine, by name, each with `shown`: unit, factor, offset, decimals. */
export function makeFormat(lang, quantities) {
  const formats = new Map();
  const number = (value, decimals) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    if (!formats.has(decimals))
      formats.set(
        decimals,
        new Intl.NumberFormat(lang, {
          minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: false,
        }),
      );
    // A rounded -0.0 is no negative number.
    const text = formats.get(decimals).format(value);
    return /^-[0.,]*$/.test(text) ? text.slice(1) : text.replace("-", "−");
  };
  const plus = (text) => (/^[0.,]*$|^−|^–/.test(text) ? text : `+${text}`);
  const of = (name) => quantities?.[name]?.shown ?? FALLBACK;
  const unit = (name) => (of(name)[0] === "1" ? "" : of(name)[0]);
  const shown = (name, si) => (si === null || si === undefined ? si : of(name)[1] * si + of(name)[2]);
  const value = (name, si, more = 0) => number(shown(name, si), of(name)[3] + more);
  return {
    number, unit, shown, value,
    decimals: (name) => of(name)[3],
    si: (name, x) => (x - of(name)[2]) / of(name)[1],
    full: (name, si, more = 0) => `${value(name, si, more)}${unit(name) && ` ${unit(name)}`}`,
    signed: (x, decimals) => plus(number(x, decimals)),
    /* A difference of a temperature has no offset. */
    difference: (name, si, more = 0) => {
      const text = number(of(name)[1] * si, of(name)[3] + more);
      const u = unit(name) === "°C" ? "K" : unit(name);
      return `${plus(text)}${u && ` ${u}`}`;
    },
    /* Six digits, for what is written into a field. */
    plain: (x) => {
      const text = String(Number(Number(x).toPrecision(7)));
      return lang === "de" ? text.replace(".", ",") : text;
    },
  };
}

/* The number that a text says, with point or comma; NaN if none. */
export function parse(text) {
  const clean = String(text).trim().replace("−", "-").replace(",", ".");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(clean) ? Number(clean) : NaN;
}

/* Round steps for an axis: about `count` of them from low to high. */
export function ticks(low, high, count) {
  const raw = (high - low) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((m) => m * power >= raw) * power;
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return { values: found, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

/* Ticks of a logarithmic axis: 1, 2, 5 of each decade. */
export function logTicks(low, high) {
  const found = [];
  const dense = high / low < 4;
  for (let d = Math.floor(Math.log10(low)); d <= Math.log10(high); d++)
    for (const m of dense ? [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9] : [1, 2, 5]) {
      const v = m * 10 ** d;
      if (v >= low && v <= high) found.push(v);
    }
  return found;
}

const STOPS = [
  [258, 63, 108, 214], [278, 42, 142, 200], [293, 46, 160, 140], [308, 205, 160, 30],
  [323, 226, 115, 38], [348, 208, 55, 55], [373, 160, 30, 90],
];

/* Colour of a temperature in K, from blue over green to red. */
export function temperatureColour(T) {
  if (T === null || T === undefined || !Number.isFinite(T)) return "var(--line-strong)";
  let i = STOPS.findIndex((s) => s[0] >= T);
  if (i < 0) i = STOPS.length - 1;
  if (i === 0) i = 1;
  const [low, high] = [STOPS[i - 1], STOPS[i]];
  const w = Math.min(1, Math.max(0, (T - low[0]) / (high[0] - low[0])));
  return `rgb(${[1, 2, 3].map((k) => Math.round(low[k] + w * (high[k] - low[k]))).join(" ")})`;
}

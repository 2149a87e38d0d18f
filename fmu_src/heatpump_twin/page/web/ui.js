/* What all modules of the page take from Preact, and the small parts that they share. */
import { h, Fragment, createContext, render } from "preact";
import { useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import htm from "htm";

export { Fragment, render, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState };
export const html = htm.bind(h);

/* Language, formats, source of data: what App gives to all. */
export const Context = createContext(null);
export const useApp = () => useContext(Context);

/* Width of an element in pixels, so that drawings have text of one size on every screen. */
export function useWidth(initial = 480) {
  const ref = useRef(null);
  const [width, setWidth] = useState(initial);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const measure = () => setWidth(Math.max(240, Math.round(element.clientWidth)));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/* A value that outlives the page, in the browser's storage where there is one. */
export const kept = {
  get(name, other) {
    try {
      const text = localStorage.getItem(`heatpump-twin.${name}`);
      return text === null ? other : JSON.parse(text);
    } catch {
      return other;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`heatpump-twin.${name}`, JSON.stringify(value));
    } catch {
      /* Private windows have none; the page works without. */
    }
  },
};

const ICONS = {
  undo: "M7 5 3 9l4 4M3 9h9a5 5 0 0 1 0 10H8",
  redo: "m13 5 4 4-4 4m4-4H8a5 5 0 0 0 0 10h4",
  reset: "M4 10a6 6 0 1 1 2 4.5M4 10V5m0 5h5",
  link: "M8.5 11.5a3.5 3.5 0 0 0 5 0l2.5-2.5a3.5 3.5 0 0 0-5-5l-1 1m1.5 3.5a3.5 3.5 0 0 0-5 0l-2.5 2.5a3.5 3.5 0 0 0 5 5l1-1",
  save: "M10 3v9m-4-3.5 4 4 4-4M4 16.5h12",
  moon: "M15.5 12.5A6.5 6.5 0 0 1 8 4.5a6.5 6.5 0 1 0 7.5 8Z",
  sun: "M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7ZM10 2v2m0 12v2m8-8h-2M4 10H2m13.7-5.7-1.400 1.400M5.700 14.300l-1.400 1.400m11.400 0-1.400-1.400M5.700 5.700 4.300 4.300",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  fit: "M4 8V4h4m4 0h4v4m0 4v4h-4m-4 0H4v-4",
  play: "M6 4.5v11l9-5.5Z",
  pause: "M7 4.5v11m6-11v11",
  fork: "M6 3v14M6 11c0-4 8-1 8-6m0 0-2 2m2-2 2 2",
  close: "m5 5 10 10M15 5 5 15",
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
    <path d=${ICONS[name]} />
  </svg>`;
}

/* A button of an icon, with its name for those who cannot see or do not know it. */
export function IconButton({ icon, label, ...rest }) {
  return html`<button type="button" class="icon-button" aria-label=${label} title=${label} ...${rest}>
    <${Icon} name=${icon} />
  </button>`;
}

export function Panel({ title, actions, children, class: extra = "", ...rest }) {
  return html`<section class=${`panel ${extra}`} aria-label=${title} ...${rest}>
    <header class="panel-head"><h2>${title}</h2><div class="actions">${actions}</div></header>
    ${children}
  </section>`;
}

/* What went wrong, as the server or the core says it; each faulty field on a line. */
export function Alert({ error }) {
  if (!error) return null;
  const faults = error.problem?.errors ?? [];
  return html`<div class="alert" role="alert">
    <strong>${error.message}</strong>
    ${faults.length > 1 && html`<ul>${faults.map((f) => html`<li><code>${f.field}</code> ${f.given && `= ${f.given}: `}${f.expected}</li>`)}</ul>`}
  </div>`;
}

export function Loading({ text }) {
  return html`<p class="loading" role="status"><span class="spinner" aria-hidden="true"></span>${text}</p>`;
}

/* Buttons of which one is chosen. */
export function Choice({ label, value, options, onChange }) {
  return html`<div class="choice" role="group" aria-label=${label}>
    ${options.map(
      ([key, text, hint]) => html`<button type="button" key=${key} aria-pressed=${key === value} title=${hint}
        onClick=${() => onChange(key)}>${text}</button>`,
    )}
  </div>`;
}

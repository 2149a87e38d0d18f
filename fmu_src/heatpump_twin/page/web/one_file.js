/* The twin in one file: machine, map and core come with the page, nothing is asked for. */
import { App } from "./app.js";
import { Twin } from "./twin.js";
import { html, render } from "./ui.js";

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/* content: what `one_file.py` has put into the page. */
export function start({ machine, diagram, map, wasm }, place) {
  const twin = Twin.load({ machine, diagram, map: bytes(map), wasm: bytes(wasm) });
  const source = { api: null, machines: async () => ({ [machine.name]: machine.title }), load: () => twin };
  place.replaceChildren();
  render(html`<${App} source=${source} />`, place);
}

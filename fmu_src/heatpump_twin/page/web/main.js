/* The page that a server gives. */
import { App } from "./app.js";
import { Api } from "./api.js";
import { Records } from "./records.js";
import { Sessions } from "./session.js";
import { translator } from "./texts.js";
import { Twin } from "./twin.js";
import { html, render } from "./ui.js";

const api = new Api(() => translator(document.documentElement.lang)("unreachable"));
const loaded = new Map();
let core = null;

const wasm = () =>
  (core ??= api.bytes("/core.wasm").catch((error) => {
    core = null;
    throw error;
  }));

const source = {
  api,
  machines() {
    // It takes longest, and is the same for each machine; who wants it is told of an error.
    wasm().catch(() => {});
    return api.get("/machines");
  },
  /* Machines that were looked at stay, each with its map of 60 kB. */
  async load(name) {
    if (!loaded.has(name)) {
      const at = `/machines/${encodeURIComponent(name)}`;
      const [machine, diagram, map, content] = await Promise.all([api.get(at), api.get(`${at}/log_p_h`), api.bytes(`${at}/map`), wasm()]);
      loaded.set(name, await Twin.load({ machine, diagram, map, wasm: content }));
    }
    return loaded.get(name);
  },
};

const place = document.getElementById("app");
place.replaceChildren();
render(html`<${App} source=${source} others=${{ session: Sessions, records: Records }} />`, place);

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

const source = {
  api,
  machines: () => api.get("/machines"),
  /* Machines that were looked at stay, each with its map of 60 kB. */
  async load(name) {
    if (!loaded.has(name)) {
      core ??= api.bytes("/core.wasm").catch((error) => {
        core = null;
        throw error;
      });
      const at = `/machines/${encodeURIComponent(name)}`;
      const [machine, diagram, map, wasm] = await Promise.all([api.get(at), api.get(`${at}/log_p_h`), api.bytes(`${at}/map`), core]);
      loaded.set(name, await Twin.load({ machine, diagram, map, wasm }));
    }
    return loaded.get(name);
  },
};

const place = document.getElementById("app");
place.replaceChildren();
render(html`<${App} source=${source} others=${{ session: Sessions, records: Records }} />`, place);

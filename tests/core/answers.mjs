// Answer boundaries by the core in WebAssembly: node answers.mjs FOLDER
// FOLDER holds heat_pump.js, heat_pump.wasm, names.json, map.bin and boundaries.bin (doubles).
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const { HeatPump, loadCore } = await import(pathToFileURL(`${folder}/heat_pump.js`).href);
const names = JSON.parse(readFileSync(`${folder}/names.json`, "utf8"));
const wasm = readFileSync(`${folder}/heat_pump.wasm`);
const core = await loadCore(wasm, names);
const map = new Uint8Array(readFileSync(`${folder}/map.bin`));
const heatPump = new HeatPump(core, map);

const bytes = readFileSync(`${folder}/boundaries.bin`);
const boundaries = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const width = names.inputs.length;
const count = boundaries.length / width;
const statuses = new Float64Array(count);
const results = new Float64Array(count * names.results.length);
const notes = [];
const begin = performance.now();
for (let i = 0; i < count; i++) {
  const answer = heatPump.answer(boundaries.subarray(i * width, (i + 1) * width));
  statuses[i] = answer.status;
  results.set(answer.results, i * names.results.length);
  notes.push(answer.notes);
}
const microseconds = (1e3 * (performance.now() - begin)) / count;

// State, parameters and refusals.
const other = new HeatPump(core, map);
other.setParameter("number_of_units", 3);
other.state = heatPump.state;
const refusals = [];
for (const bad of [new Uint8Array(0), map.subarray(0, 100), map.map((b, i) => (i === 999 ? b ^ 1 : b))])
  try {
    new HeatPump(core, bad);
    refusals.push(null);
  } catch (error) {
    refusals.push(error.message);
  }
// Instances that are given back leave no growth of the memory.
for (let i = 0; i < 5; i++) new HeatPump(core, map).free();
const before = core.exports.memory.buffer.byteLength;
for (let i = 0; i < 200; i++) new HeatPump(core, map).free();

writeFileSync(`${folder}/statuses.bin`, new Uint8Array(statuses.buffer));
writeFileSync(`${folder}/results.bin`, new Uint8Array(results.buffer));
writeFileSync(`${folder}/notes.json`, JSON.stringify(notes));
console.log(
  JSON.stringify({
    imports: WebAssembly.Module.imports(new WebAssembly.Module(wasm)).length,
    microseconds,
    units: other.parameter("number_of_units"),
    isStateEqual: Buffer.from(other.state).equals(Buffer.from(heatPump.state)),
    refused: heatPump.setParameter("number_of_units", 0),
    refusals,
    growth: core.exports.memory.buffer.byteLength - before,
    design: Array.from(other.design()),
  }),
);

/* The core of the heat pump, which is written in C, for browsers and Node.

   `heat_pump.py` is the same for Python. Both ask the same C code, with the same map file. */

/* Compile the library of the core, which `compiling.py` makes for "wasm32".

   wasm: ArrayBuffer or typed array. names: what `layout.names()` gives. */
export async function loadCore(wasm, names) {
  const { instance } = await WebAssembly.instantiate(wasm, {});
  instance.exports._initialize();
  return { exports: instance.exports, names };
}

const INT = 4;
const DOUBLE = 8;
const utf8 = new TextDecoder();

/* One or more identical heat pumps side by side, answered by the performance map. */
export class HeatPump {
  /* core: of loadCore. mapFile: Uint8Array of `map_file.py`. Throws an Error that says why, if the
     map file is cut off, altered or of another version. */
  constructor(core, mapFile) {
    this.c = core.exports;
    this.names = core.names;
    this.noteBytes = INT + this.names.note_size;
    this.inputs = this.#allocate(this.names.inputs.length * DOUBLE);
    this.results = this.#allocate(this.names.results.length * DOUBLE);
    this.notes = this.#allocate(INT + this.names.most_notes * this.noteBytes);
    this.why = this.#allocate(this.names.note_size);
    const content = this.#allocate(mapFile.length);
    this.#bytes(content, mapFile.length).set(mapFile);
    this.instance = this.c.heat_pump_make(content, mapFile.length, this.why, this.names.note_size);
    this.c.free(content);
    if (!this.instance) {
      const reason = this.#text(this.why, this.names.note_size);
      this.free();
      throw new Error(reason);
    }
  }

  /* Give the memory back; the heat pump is of no use afterwards. */
  free() {
    for (const place of [this.inputs, this.results, this.notes, this.why]) this.c.free(place);
    if (this.instance) this.c.heat_pump_free(this.instance);
    this.instance = 0;
  }

  /* Answer a boundary, as a step of the FMU does.

     values: the inputs in the order of names.inputs, SI units; any number is accepted. Gives the
     number of the status, the results in the order of names.results, which are the last ones where
     those are held, and the notes: why the answer is not the plain one. */
  answer(values, stepSize = 0) {
    const count = this.names.inputs.length;
    if (values.length !== count) throw new Error(`expected ${count} inputs, not ${values.length}`);
    new Float64Array(this.#memory, this.inputs, count).set(values);
    const status = this.c.heat_pump_step(this.instance, this.inputs, stepSize, this.notes);
    const notes = [];
    const found = new Int32Array(this.#memory, this.notes, 1)[0];
    for (let i = 0; i < found; i++)
      notes.push(this.#text(this.notes + 2 * INT + i * this.noteBytes, this.names.note_size));
    return { status, results: this.last(), notes };
  }

  /* What the last step left, in the order of names.results. */
  last() {
    this.c.heat_pump_results(this.instance, this.results);
    return new Float64Array(this.#memory, this.results, this.names.results.length).slice();
  }

  /* The inputs at the design point. */
  design() {
    this.c.heat_pump_design(this.instance, this.inputs);
    return new Float64Array(this.#memory, this.inputs, this.names.inputs.length).slice();
  }

  parameter(name) {
    return this.c.heat_pump_parameter(this.instance, this.#parameter(name));
  }

  /* False, and nothing changed, for a value out of its range. */
  setParameter(name, value) {
    return Boolean(this.c.heat_pump_set_parameter(this.instance, this.#parameter(name), value));
  }

  /* All that a later answer depends on, as bytes. */
  get state() {
    const size = this.c.heat_pump_state_size(this.instance);
    const place = this.#allocate(size);
    this.c.heat_pump_get_state(this.instance, place);
    const bytes = this.#bytes(place, size).slice();
    this.c.free(place);
    return bytes;
  }

  set state(bytes) {
    const place = this.#allocate(bytes.length);
    this.#bytes(place, bytes.length).set(bytes);
    const isTaken = this.c.heat_pump_set_state(this.instance, place, bytes.length);
    this.c.free(place);
    if (!isTaken) throw new Error("these bytes are no state of this heat pump");
  }

  /* The buffer is another one after each growth, so it is asked for at each use. */
  get #memory() {
    return this.c.memory.buffer;
  }

  #bytes(place, size) {
    return new Uint8Array(this.#memory, place, size);
  }

  #allocate(size) {
    const place = this.c.malloc(Math.max(size, 1));
    if (!place) throw new Error("memory is short");
    return place;
  }

  #text(place, size) {
    const bytes = this.#bytes(place, size);
    return utf8.decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  #parameter(name) {
    const number = this.names.parameters.indexOf(name);
    if (number < 0) throw new Error(`the heat pump has no parameter ${name}`);
    return number;
  }
}

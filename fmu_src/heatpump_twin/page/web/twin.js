/* A machine with its core: answers of inputs, in the browser. */
import { HeatPump, loadCore } from "heat_pump";

export class Twin {
  /* machine, diagram: of the API; map, wasm: bytes. */
  static async load({ machine, diagram, map, wasm }) {
    const core = await loadCore(wasm, machine.names);
    return new Twin(machine, diagram, core, map);
  }

  constructor(machine, diagram, core, map) {
    this.machine = machine;
    this.diagram = diagram;
    this.names = machine.names;
    this.pump = new HeatPump(core, map);
    // Questions aside do not change what the machine holds when an answer is refused.
    this.aside = new HeatPump(core, map);
    this.inputs = this.names.inputs;
    this.design = this.#named(this.inputs, this.pump.design());
    this.start = { ...Object.fromEntries(this.names.parameters.map((n) => [n, this.pump.parameter(n)])) };
  }

  free() {
    this.pump.free();
    this.aside.free();
  }

  /* What the FMU answers to these inputs and parameters: { outputs, status, notes, inputs }. */
  answer(inputs, settings = {}, pump = this.pump) {
    for (const [name, value] of Object.entries({ ...this.start, ...settings }))
      if (!pump.setParameter(name, value)) throw new Error(`${name} = ${value} is out of its range`);
    const found = pump.answer(this.inputs.map((n) => inputs[n]));
    return {
      inputs: { ...inputs },
      outputs: this.#named(this.names.results, found.results),
      status: found.status,
      notes: found.notes,
    };
  }

  ask(inputs, settings) {
    return this.answer(inputs, settings, this.aside);
  }

  /* The sink inlet at which the sink leaves with a temperature, K; null if there is none. */
  sinkInletFor(T_out, inputs, settings) {
    const miss = (T) => this.ask({ ...inputs, T_sink_in: T }, settings).outputs.T_sink_out - T_out;
    let [low, high] = [T_out - 40, T_out];
    if (!(miss(low) < 0 && miss(high) > 0)) return null;
    for (let i = 0; i < 60; i++) {
      const middle = 0.5 * (low + high);
      if (miss(middle) < 0) low = middle;
      else high = middle;
    }
    return 0.5 * (low + high);
  }

  #named(names, values) {
    return Object.fromEntries(names.map((name, i) => [name, values[i]]));
  }
}

export const STATUS = ["off", "inside", "moved", "failed", "rejected"];
export const isHeld = (status) => status === 3 || status === 4;

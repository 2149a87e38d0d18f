/* The server's API. */

export class ApiError extends Error {
  constructor(message, status, problem) {
    super(message);
    this.status = status;
    this.problem = problem;
  }

  /* What the server says of fields of the request, by the last part of their names. */
  get byField() {
    return Object.fromEntries((this.problem?.errors ?? []).map((e) => [e.field.split(".").at(-1), e.expected]));
  }
}

export class Api {
  constructor(unreachable) {
    this.unreachable = unreachable;
    this.token = "";
    try {
      this.token = sessionStorage.getItem("heatpump-twin.token") ?? "";
    } catch {
      /* Without storage it is asked for each time. */
    }
  }

  setToken(token) {
    this.token = token;
    try {
      sessionStorage.setItem("heatpump-twin.token", token);
    } catch {
      /* Without storage it is asked for each time. */
    }
  }

  async fetch(path, { method = "GET", body, ...more } = {}) {
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    let content = body;
    if (body !== undefined && !(body instanceof Blob)) {
      headers["Content-Type"] = "application/json";
      content = JSON.stringify(body);
    }
    let answer;
    try {
      answer = await fetch(`/api${path}`, { method, headers, body: content, ...more });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(this.unreachable(), 0, null);
    }
    if (answer.ok) return answer;
    let problem = null;
    try {
      problem = await answer.json();
    } catch {
      /* Not from this server, a proxy's page for instance. */
    }
    throw new ApiError(problem?.detail ?? `HTTP ${answer.status}`, answer.status, problem);
  }

  async get(path) {
    return (await this.fetch(path)).json();
  }

  async bytes(path) {
    return new Uint8Array(await (await this.fetch(path)).arrayBuffer());
  }

  async post(path, body = {}) {
    return (await this.fetch(path, { method: "POST", body })).json();
  }

  async delete(path, more = {}) {
    await this.fetch(path, { method: "DELETE", ...more });
  }

  /* Follow a session's server-sent events; EventSource could not send the token. Ends at the
     session's end or at `signal`; a broken connection is taken up again. */
  async follow(session, { onStep, onState, signal }) {
    for (let wait = 500; !signal.aborted; wait = Math.min(2 * wait, 10000)) {
      try {
        const answer = await this.fetch(`/sessions/${session}/stream`, { signal });
        onState("open");
        wait = 500;
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let rest = ""; ; ) {
          const { value, done } = await reader.read();
          if (done) break;
          const events = (rest + value).split("\n\n");
          rest = events.pop();
          for (const event of events) {
            if (event.startsWith("event: end")) return onState("ended");
            const data = /^data: (.*)$/m.exec(event);
            if (data && /^event: step$/m.test(event)) onStep(JSON.parse(data[1]));
          }
        }
      } catch (error) {
        if (signal.aborted || error.name === "AbortError") return undefined;
        if (error.status === 404 || error.status === 410) return onState("ended");
      }
      if (!signal.aborted) onState("lost");
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    return undefined;
  }
}

/* Asks a session of its own on the server for each answer; of many questions the newest counts. */
export class ServerAsker {
  constructor(api, machine, start_values) {
    this.api = api;
    this.body = { machine, start_values };
    this.session = null;
    this.busy = null;
    this.next = null;
  }

  async ask(inputs) {
    this.next = inputs;
    while (this.busy) await this.busy.catch(() => {});
    if (this.next !== inputs) return null;
    this.busy = this.#ask(inputs);
    try {
      return await this.busy;
    } finally {
      this.busy = null;
    }
  }

  async #ask(inputs) {
    if (!this.session) this.session = (await this.api.post("/sessions", this.body)).session;
    const { operating_status: status, ...outputs } = await this.api
      .post(`/sessions/${this.session}/step`, { inputs })
      .then((step) => ({ ...step.outputs, notes: step.notes, inputs: step.inputs }));
    const { notes, inputs: taken, ...rest } = outputs;
    return { outputs: rest, status, notes: notes.map((n) => n.replace(/^operating_status \d: /, "")), inputs: taken };
  }

  end() {
    const { session } = this;
    this.session = null;
    if (session) this.api.delete(`/sessions/${session}`, { keepalive: true }).catch(() => {});
  }
}

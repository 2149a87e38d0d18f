/* Measured, simulated, residual, phase and band over time, all with one cursor and one zoom. */
(() => {
  const data = JSON.parse(document.getElementById("series-data").textContent);
  const place = document.getElementById("series-plot");
  const floats = (text, kind) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return new kind(bytes.buffer);
  };
  const time = floats(data.time, Float64Array);
  const phase = floats(data.phase, Int8Array);
  const gaps = (values) => Array.from(values, (v) => (Number.isFinite(v) ? v : null));
  const sync = uPlot.sync("series");
  const plots = [];
  let busy = false;
  const zoomAll = (from) => {
    if (busy) return;
    busy = true;
    const { min, max } = from.scales.x;
    for (const plot of plots) if (plot !== from) plot.setScale("x", { min, max });
    busy = false;
  };
  const rowAt = (t) => {
    let [low, high] = [0, time.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (time[middle] < t) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  /* Behind the lines: the phase, in its colour, and a frame about the worst part. */
  const background = (plot) => {
    const { ctx } = plot;
    const { left, top, width, height } = plot.bbox;
    const x = (t) => Math.min(left + width, Math.max(left, plot.valToPos(t, "x", true)));
    const { min, max } = plot.scales.x;
    ctx.save();
    let i = Math.max(0, rowAt(min) - 1);
    const end = Math.min(time.length, rowAt(max) + 1);
    while (i < end) {
      let j = i;
      while (j < end && phase[j] === phase[i]) j += 1;
      if (phase[i] >= 0) {
        ctx.fillStyle = data.phases[phase[i]].colour;
        const [a, b] = [x(i ? time[i - 1] : time[0]), x(time[Math.min(j, time.length) - 1])];
        ctx.fillRect(a, top, Math.max(b - a, 1), height);
      }
      i = j;
    }
    if (data.worst) {
      ctx.strokeStyle = "#b3261e";
      ctx.setLineDash([]);
      ctx.lineWidth = 2 * devicePixelRatio;
      const [a, b] = [x(data.worst[0]), x(data.worst[1])];
      if (b > a) ctx.strokeRect(a, top, b - a, height);
    }
    ctx.restore();
  };
  const axes = (label, withTime) => [
    { show: withTime, size: withTime ? 40 : 0, grid: { stroke: "#0001" } },
    { size: 64, label, labelSize: 18, labelFont: "12px system-ui", font: "11px system-ui", grid: { stroke: "#0001" } },
  ];
  const digits = (decimals) => (u, v) => (v === null ? "-" : v.toFixed(decimals));
  const draw = (label, values, series, bands, height, withTime) => {
    const options = {
      width: place.clientWidth,
      height: height + (withTime ? 40 : 0),
      scales: { x: { time: data.has_date } },
      tzDate: data.has_date ? (ts) => uPlot.tzDate(new Date(ts * 1e3), data.zone) : undefined,
      cursor: { sync: { key: sync.key, scales: ["x", null] }, drag: { x: true, y: false }, points: { size: 6 } },
      legend: { live: true },
      axes: axes(label, withTime),
      series: [{ label: data.has_date ? "time" : "time in s" }, ...series],
      bands,
      hooks: { drawClear: [background], setScale: [(plot, key) => key === "x" && zoomAll(plot)] },
    };
    plots.push(new uPlot(options, [time, ...values], place));
  };
  data.quantities.forEach((q, i) => {
    const measured = gaps(floats(q.measured, Float32Array));
    const simulated = gaps(floats(q.simulated, Float32Array));
    const half = q.half_width;
    const edge = (sign) => simulated.map((v) => (v === null ? null : v + sign * half));
    const text = digits(q.decimals);
    draw(
      q.label,
      [edge(1), edge(-1), measured, simulated],
      [
        { label: "band", stroke: "#0072b233", width: 0, points: { show: false }, value: text },
        { label: "to", stroke: "#0072b233", width: 0, points: { show: false }, value: text },
        { label: "measured", stroke: "#d55e00", width: 1.5, points: { show: false }, value: text },
        { label: "simulated", stroke: "#0072b2", width: 1.5, points: { show: false }, value: text },
      ],
      [{ series: [1, 2], fill: "#0072b226" }],
      190,
      false,
    );
    const residual = simulated.map((v, k) => (v === null || measured[k] === null ? null : v - measured[k]));
    draw(
      q.residual_label,
      [residual, residual.map(() => half), residual.map(() => -half)],
      [
        { label: "simulated less measured", stroke: "#1c2530", width: 1, points: { show: false }, value: text },
        { label: "band", stroke: "#0072b266", width: 1, dash: [4, 4], points: { show: false }, value: text },
        { label: "to", stroke: "#0072b266", width: 1, dash: [4, 4], points: { show: false }, value: text },
      ],
      [],
      118,
      i === data.quantities.length - 1,
    );
  });
  const zoom = (from, to) => plots[0] && plots[0].setScale("x", { min: from, max: to });
  document.getElementById("series-all").addEventListener("click", () => zoom(time[0], time[time.length - 1]));
  const worst = document.getElementById("series-worst");
  if (worst) worst.addEventListener("click", () => zoom(data.worst[0], data.worst[1]));
  let waiting = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => plots.forEach((p) => p.setSize({ width: place.clientWidth, height: p.height })));
  });
  place.dataset.plots = String(plots.length);
})();

/* What part of a drawing is seen: zoomed and moved by wheel, pointer and keys. */
import { useEffect, useRef, useState } from "./ui.js";

// The narrowest part that is seen, as a share of all.
const NARROWEST = 1 / 40;

const within = ([low, high], [first, last]) => {
  const span = Math.min(high - low, last - first);
  const from = Math.min(last - span, Math.max(first, low));
  return [from, from + span];
};

/* whole, start: { x: [low, high], y: [low, high] }, all that can be seen and what is seen first;
   area: the place for it in pixels, { x, y, w, h }; y grows upwards. Values are linear in pixels. */
export function useView(whole, area, start = whole) {
  const svg = useRef(null);
  const drag = useRef(null);
  const [view, setView] = useState(start);
  useEffect(() => setView(start), [whole, start]);
  const at = {
    X: (x) => area.x + ((x - view.x[0]) / (view.x[1] - view.x[0])) * area.w,
    Y: (y) => area.y + area.h - ((y - view.y[0]) / (view.y[1] - view.y[0])) * area.h,
    x: (px) => view.x[0] + ((px - area.x) / area.w) * (view.x[1] - view.x[0]),
    y: (py) => view.y[0] + ((area.y + area.h - py) / area.h) * (view.y[1] - view.y[0]),
  };
  const zoom = (factor, x = 0.5 * (view.x[0] + view.x[1]), y = 0.5 * (view.y[0] + view.y[1])) =>
    setView((v) => {
      const zoomed = (range, to, all) => {
        const most = all[1] - all[0];
        const span = Math.min(most, Math.max(most * NARROWEST, (range[1] - range[0]) * factor));
        const low = to - ((to - range[0]) / (range[1] - range[0])) * span;
        return within([low, low + span], all);
      };
      return { x: zoomed(v.x, x, whole.x), y: zoomed(v.y, y, whole.y) };
    });
  const pan = (dx, dy, from = view) => {
    const moved = ([low, high], by, all) => within([low + by, high + by], all);
    setView({
      x: moved(from.x, (-dx / area.w) * (from.x[1] - from.x[0]), whole.x),
      y: moved(from.y, (dy / area.h) * (from.y[1] - from.y[0]), whole.y),
    });
  };
  const place = (event) => {
    const box = svg.current.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  useEffect(() => {
    // Not passive: the page is not to scroll meanwhile.
    const wheel = (event) => {
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== svg.current) return;
      event.preventDefault();
      const [px, py] = place(event);
      zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, at.x(px), at.y(py));
    };
    const element = svg.current;
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  });
  const reset = () => setView(start);
  const keys = {
    ArrowLeft: () => pan(40, 0), ArrowRight: () => pan(-40, 0), ArrowUp: () => pan(0, 40), ArrowDown: () => pan(0, -40),
    "+": () => zoom(1 / 1.25), "-": () => zoom(1.25), 0: reset,
  };
  /* Handlers of the drawing; onPoint is told where the pointer is, in pixels, or null. */
  const handlers = (onPoint) => ({
    onPointerDown: (event) => {
      drag.current = { at: place(event), view };
      svg.current.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event) => {
      const [px, py] = place(event);
      if (drag.current) pan(px - drag.current.at[0], py - drag.current.at[1], drag.current.view);
      onPoint(px >= area.x && px <= area.x + area.w && py >= area.y && py <= area.y + area.h ? [px, py] : null);
    },
    onPointerUp: () => (drag.current = null),
    onPointerCancel: () => (drag.current = null),
    onPointerLeave: () => onPoint(null),
    onKeyDown: (event) => {
      if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      keys[event.key]();
    },
  });
  return { svg, view, at, zoom, reset, handlers };
}

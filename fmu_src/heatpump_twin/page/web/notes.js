/* Why an answer is not the plain one: the notes of the core, by the variable that each is about. */

const number = (text) => (text === "nan" ? NaN : Number(text));
const N = "(\\S+)(?: [^;\\s]+)?";
const FORMS = [
  ["outside", new RegExp(`^(\\w+) = ${N} is outside the envelope (\\S+) to ${N}; (\\S+) is used$`)],
  ["rejected", new RegExp(`^(\\w+) = ${N} has no meaning; expected (\\S+) to ${N}(; is it in degC\\?)?$`)],
  ["below", new RegExp(`^(\\w+) = ${N} is below ${N}; moved towards the design point$`)],
  ["above", new RegExp(`^(\\w+) = ${N} is above ${N}; moved towards the design point$`)],
  ["no_flow", new RegExp(`^(\\w+) = ${N}: a machine without flow is switched off$`)],
  ["outlet", new RegExp(`^(\\w+) would be ${N}; (\\S+) is used$`)],
];

/* { variable, kind, values } of a note; kind "other" with its text for what has no variable. */
export function readNote(note) {
  for (const [kind, form] of FORMS) {
    const found = form.exec(note);
    if (found)
      return {
        variable: found[1],
        kind,
        values: found.slice(2).map((v) => (v === undefined || v.startsWith(";") ? v : number(v))),
        text: note,
      };
  }
  return { variable: null, kind: "other", values: [], text: note };
}

/* A note in words of the language, with the units in which people read. */
export function sayNote(found, t, f) {
  const full = (v) => f.full(found.variable, v);
  const v = found.values;
  const name = found.variable && t(`q.${found.variable}`);
  switch (found.kind) {
    case "outside":
      return t("note.outside", { name, value: full(v[0]), low: full(v[1]), high: full(v[2]), used: full(v[3]) });
    case "rejected":
      return t(v[3] ? "note.celsius" : "note.rejected", {
        name, value: full(v[0]), low: full(v[1]), high: full(v[2]), si: v[0],
      });
    case "below":
    case "above":
      return t(`note.${found.kind}`, { name, value: full(v[0]), limit: full(v[1]) });
    case "no_flow":
      return t("note.no_flow", { name, value: full(v[0]) });
    case "outlet":
      return t("note.outlet", { name, value: full(v[0]), used: full(v[1]) });
    default:
      return found.text;
  }
}

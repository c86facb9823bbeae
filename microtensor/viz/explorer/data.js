/* What came: columns of numbers, one entry per value or per argument, in topological order. */
const $ = id => document.getElementById(id);
const D = JSON.parse($("graph").textContent);
const TYPES = { Uint8Array, Uint16Array, Uint32Array, Float64Array };
const unpack = ([type, text]) => {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new TYPES[type](bytes.buffer);
};
const N = D.n, ROOT = D.root, ROLE_WORDS = ["input", "param", "const", "op", "output"];
const roles = unpack(D.roles), flags = unpack(D.flags), kinds = unpack(D.kind), homes = unpack(D.group);
const sources = unpack(D.sources), startValues = unpack(D.values), startGrads = unpack(D.grads);
const losses = new Set(D.losses), lines = D.lines && unpack(D.line);
const kindOf = i => D.kinds[kinds[i]];
const hasGrad = i => (flags[i] & 1) !== 0, isArray = i => (flags[i] & 2) !== 0;
const isConst = i => roles[i] === 2, isLeaf = i => kinds[i] === 0;

/* Edges into value i are first[i] ... first[i + 1] - 1; edge e leads from sources[e] to targets[e]. */
const first = new Uint32Array(N + 1), targets = new Uint32Array(sources.length);
for (let i = 0; i < N; i++) {
  const count = isLeaf(i) ? 0 : kindOf(i).pos.length;
  first[i + 1] = first[i] + count;
  targets.fill(i, first[i], first[i + 1]);
}
/* Edges out of value i, in the order in which the backward pass comes through them. */
const firstUse = new Uint32Array(N + 1), uses = new Uint32Array(sources.length);
for (const s of sources) firstUse[s + 1]++;
for (let i = 0; i < N; i++) firstUse[i + 1] += firstUse[i];
{
  const at = firstUse.slice();
  for (let i = N - 1; i >= 0; i--) for (let e = first[i]; e < first[i + 1]; e++) uses[at[sources[e]]++] = e;
}
const sends = e => kindOf(targets[e]).sends[e - first[targets[e]]];

/* Numbers as text: four decimals, no trailing zeros, a true minus. */
function fmt(x, digits = 4) {
  if (x === null) return "·";
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  let text = size >= 1e-3 && size < 1e5 ? size.toFixed(digits) : size.toExponential(digits);
  text = text.replace(/\.?0+(?=e|$)/, m => m[0] === "." || text.includes(".") ? "" : m).replace("e+", "e").replace("e-", "e−");
  return (x < 0 ? "−" : "") + text;
}
const on = (what, ...rest) => what.addEventListener(...rest), set = (what, ...rest) => what.setAttribute(...rest);
const big = n => n.toLocaleString("en");
const factor = x => x < 0 ? `(${fmt(x)})` : fmt(x);

/* Names: the user's own; else what it is of, such as x1·w1; else t1, t2, ... */
const INFIX = { add: "+", subtract: "−", multiply: "·", divide: "/", true_divide: "/", matmul: "@" };
const labels = new Array(N), isNamed = i => D.names[i] !== undefined;
{
  const own = new Set(Object.values(D.names)), times = new Map();
  let unnamed = 0;
  for (let i = 0; i < N; i++) {
    const name = D.names[i];
    if (name !== undefined) {
      const n = (times.get(name) || 0) + 1;
      times.set(name, n);
      labels[i] = n === 1 ? name : `${name}′${n}`;
    } else if (isConst(i) && !isArray(i)) labels[i] = null; /* its number */
    else {
      do unnamed++; while (own.has("t" + unnamed));
      const short = isLeaf(i) ? null : expression(i);
      labels[i] = short === null || own.has(short) ? "t" + unnamed : short;
      own.add(labels[i]);
    }
  }
}
function expression(i) {
  const sign = INFIX[(kindOf(i).fn || "").split(".").pop()];
  if (!sign || first[i + 1] - first[i] !== 2) return null;
  const [a, b] = [D.names[sources[first[i]]], D.names[sources[first[i] + 1]]];
  return a && b && a.length <= 6 && b.length <= 6 ? a + sign + b : null;
}
const label = i => labels[i] ?? fmt(values[i]);
const roleWord = i => losses.has(i) ? "loss" : ROLE_WORDS[roles[i]];
const cut = (text, most) => { const c = [...text]; return c.length <= most ? text : c.slice(0, most - 1).join("") + "…"; };
/* A name that is read from right to left must not turn what stands around it. */
const held = text => /[\u0590-\u08ff\ufb1d-\ufefc]/.test(text) ? `\u2068${text}\u2069` : text;

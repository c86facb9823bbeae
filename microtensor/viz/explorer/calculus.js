/* Both passes, with the functions that were traced from the rules: TWINS[kind] = [f, [f', ...]]. */
const LAST_KIND_ARGS = 64;
const args = new Array(LAST_KIND_ARGS).fill(0);
const edits = new Map();
let values = startValues, grads = startGrads;
let locals, sent;

function collect(i, from) {
  const { pos } = kindOf(i);
  for (let j = 0; j < pos.length; j++) args[pos[j]] = from[sources[first[i] + j]];
  return args;
}
/* Compute every value; `given` says what some of them are instead. */
function forward(given) {
  const found = startValues.slice();
  for (let i = 0; i < N; i++) {
    if (given.has(i)) found[i] = given.get(i);
    else if (!isLeaf(i)) found[i] = TWINS[kinds[i]][0](collect(i, found));
  }
  return found;
}
function derive() {
  for (let i = 0; i < N; i++) {
    if (isLeaf(i)) continue;
    const derivatives = TWINS[kinds[i]][1], a = collect(i, values);
    for (let e = first[i]; e < first[i + 1]; e++) {
      const d = derivatives[e - first[i]];
      locals[e] = d && sends(e) ? +d(a, values[i]) : NaN;
    }
  }
}
function backward() {
  const found = new Float64Array(N).fill(NaN);
  for (let i = 0; i < N; i++) if (hasGrad(i)) found[i] = 0;
  found[ROOT] = 1;
  for (let i = N - 1; i >= 0; i--)
    for (let e = first[i]; e < first[i + 1]; e++) if (sends(e)) found[sources[e]] += found[i] * locals[e];
  return found;
}
function contribute() {
  for (let e = 0; e < sources.length; e++) sent[e] = sends(e) ? grads[targets[e]] * locals[e] : NaN;
}
function recompute() {
  values = edits.size ? forward(edits) : startValues;
  derive();
  grads = edits.size && D.state === "fresh" ? backward() : startGrads;
  contribute();
}
if (D.twin) {
  locals = new Float64Array(sources.length);
  sent = new Float64Array(sources.length);
  recompute();
} else {
  locals = unpack(D.locals);
  sent = unpack(D.sent);
}
function edit(i, x) {
  if (Object.is(x, startValues[i])) edits.delete(i); else edits.set(i, x);
  recompute();
}
/* The slope through two neighbours: it must be what the chain rule says. */
function nudge(i) {
  const h = Math.cbrt(Number.EPSILON) * Math.max(1, Math.abs(values[i])), at = values[i];
  const [up, down] = [at + h, at - h].map(x => forward(new Map(edits).set(i, x))[ROOT]);
  const slope = (up - down) / (2 * h), noise = Number.EPSILON * Math.max(Math.abs(up), Math.abs(down)) / h;
  const tolerance = 10 * noise + 10 * h * h * Math.max(1, Math.abs(slope), Math.abs(grads[i]));
  return { h, slope, agrees: Math.abs(slope - grads[i]) <= tolerance };
}
/* Paths from value i to the output: counted exactly, and the largest products. */
function pathsFrom(leaf, most = 6) {
  const ways = new Map([[leaf, 1n]]), best = new Map([[leaf, [{ product: 1, edge: -1, before: null }]]]);
  for (let i = leaf + 1; i <= ROOT; i++) {
    let count = 0n;
    const found = [];
    for (let e = first[i]; e < first[i + 1]; e++) {
      const n = ways.get(sources[e]);
      if (n === undefined || !sends(e)) continue;
      count += n;
      for (const p of best.get(sources[e])) found.push({ product: p.product * locals[e], edge: e, before: p });
    }
    if (!count) continue;
    found.sort((p, q) => Math.abs(q.product) - Math.abs(p.product));
    ways.set(i, count);
    best.set(i, found.slice(0, most));
  }
  const listed = (best.get(ROOT) || []).map(p => {
    const edges = [];
    for (let q = p; q.edge >= 0; q = q.before) edges.unshift(q.edge);
    return { product: p.product, edges };
  });
  return { count: ways.get(ROOT) || 0n, listed };
}

/* Steps: each call forward, the seed, each call backward. */
const order = [], forwardAt = new Int32Array(N).fill(-1), backwardAt = new Int32Array(N).fill(-1);
for (let i = 0; i < N; i++) if (!isLeaf(i)) { forwardAt[i] = order.length; order.push(i); }
const SEED = order.length;
if (D.state === "fresh") {
  order.push(ROOT);
  for (let i = ROOT; i >= 0; i--)
    if (!isLeaf(i) && hasGrad(i) && kindOf(i).sends.some(Boolean)) { backwardAt[i] = order.length; order.push(i); }
}
const EVERYTHING = -1;
let step = EVERYTHING;
const direction = () => step === EVERYTHING ? "" : step < SEED ? "forward" : step === SEED ? "seed" : "backward";
const isLastStep = () => step === EVERYTHING || step === order.length - 1;
/* What is known of a value after this step; null is what was not yet computed. */
const shownValue = i => step === EVERYTHING || forwardAt[i] <= step ? values[i] : null;
function shownGrad(i) {
  if (!hasGrad(i)) return null;
  if (isLastStep()) return grads[i];
  if (step < SEED) return null;
  if (i === ROOT) return grads[i];
  let sum = null, missing = false;
  for (let u = firstUse[i]; u < firstUse[i + 1]; u++) {
    const e = uses[u];
    if (!sends(e) || backwardAt[targets[e]] < 0) continue;
    if (backwardAt[targets[e]] <= step) sum = (sum ?? 0) + sent[e]; else missing = true;
  }
  return isArray(i) ? (missing || sum === null ? null : grads[i]) : sum;
}

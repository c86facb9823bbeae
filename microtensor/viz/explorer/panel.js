/* The explanation: what this value is, what it sends back, and why its gradient is what it is. */
const panel = $("panel");
const MOST_LINES = 40, MOST_VALUES_FOR_PATHS = 20000;
function showPanel() {
  const typing = document.activeElement?.id === "number" ? document.activeElement : null;
  const i = step !== EVERYTHING ? order[step] : selected;
  panel.replaceChildren();
  copied = [];
  if (i === null) return introduction();
  const title = node("h2", {}, panel);
  if (!isLeaf(i)) node("span", { class: "op" }, title, kindOf(i).op + "  ");
  node("bdi", { class: "name" }, title, label(i));
  const where = [];
  for (let g = boxes[i].up; g && g.up; g = g.up) if (!g.isPart) where.unshift(g.title);
  const facts = [roles[i] === 3 ? "" : roleWord(i), isArray(i) ? `${D.arrays[i].shape.join("×")} ${D.arrays[i].dtype}` : "", ...where];
  paragraph(panel, facts.filter(Boolean).join(" · "), "small");
  if (D.own && D.own[i] !== undefined) paragraph(panel, `yours: ${D.told[i] ?? fmt(D.own[i])}`, "small");
  if (D.lines && lines[i]) paragraph(panel, D.lines[lines[i] - 1], "small");
  if (D.health[i]) paragraph(panel, "! " + D.health[i], "warning");
  if (direction() === "seed") seedPart(i);
  else {
    forwardPart(i);
    if (direction() !== "forward" && D.state === "fresh" && !quizzing) backwardPart(i);
    if (step === EVERYTHING && !quizzing) ownPart(i);
    if (quizzing && step === EVERYTHING) quizPart(i);
  }
  if (isArray(i) && shownValue(i) !== null) bigMap(i, "data", panel);
  if (isArray(i) && shownGrad(i) !== null && D.arrays[i].grad && !quizzing) bigMap(i, "grad", panel);
  if (copied.length) {
    const copy = node("button", { id: "latex" }, panel, "copy LaTeX");
    on(copy, "click", () => copyText(copied.map(line => `$$${line}$$`).join("\n")));
  }
  if (typing) { const again = $("number"); if (again) { again.value = typing.value; again.focus(); } }
}
function introduction() {
  node("h2", {}, panel, "How to read this");
  const p = node("p", {}, panel);
  p.append("Each box is a value and the operation that made it. ");
  node("b", { class: "f" }, p, "Blue");
  p.append(" numbers are computed in the forward pass, ");
  node("b", { class: "b" }, p, "orange");
  p.append(" ones in the backward pass. An arrow is dashed where the gradient stops, because what it passes on is 0.");
  if (quizzing) { paragraph(panel, "The gradients are blank: choose a box and work its gradient out. Begin next to the output, and go backward."); score(panel); }
  else paragraph(panel, "Choose a box to see its chain rule, or press → to go through both passes step by step.");
  if (D.state === "stale") paragraph(panel, "There are no gradients: a leaf was changed after it had been used. Compute the output again.", "warning");
  else if (D.state === "none") paragraph(panel, "There are no gradients: the output is not one number, or depends on nothing that wants them.", "small");
  paragraph(panel, editable(), "small");
  const keys = node("dl", { class: "keys" }, panel);
  for (const [key, what] of [["→ ←", "step"], ["Home End", "first and last step"], ["p", "play"], ["Esc", "show everything"], ["/", "search"], ["+ − 0", "zoom"], ["Tab Enter", "walk and choose"]]) { node("dt", {}, keys, key); node("dd", {}, keys, what); }
}
const editable = () => D.twin ? "Choose an input, a parameter or a constant to change its number: everything is computed again."
  : D.arrays[ROOT] !== undefined || Object.keys(D.arrays).length ? "Numbers cannot be changed here, as this graph is one of arrays. mt.unroll(value) gives the graph of their numbers, which can be."
  : "Numbers cannot be changed here, as this graph has functions that this page does not compute.";
function seedPart(i) {
  paragraph(panel, "The backward pass begins: the gradient of the output with respect to itself is 1.");
  equation(panel, partial(i, i), EQUALS, number(grads[i], "b"));
}
function forwardPart(i) {
  if (isLeaf(i)) return leafPart(i);
  const kind = kindOf(i);
  heading(panel, "Forward");
  if (kind.text) {
    const written = filled([kind.text, kind.latex], inNames(i)), same = written.text === label(i); /* x1·w1 = x1·w1 */
    if (!same) equation(panel, said(i), EQUALS, written);
    if (!isArray(i) && numbersOnly(i)) equation(panel, ...(same ? [said(i)] : []), EQUALS, filled([kind.text, kind.latex], inNumbers(i)), EQUALS, number(values[i], "f"));
  }
  if (isArray(i)) paragraph(panel, `shape ${D.arrays[i].shape.join("×")} from ${operandsOf(i).map(shapeOf).join(" and ")}`, "small");
}
const operandsOf = i => Array.from(sources.subarray(first[i], first[i + 1]));
const shapeOf = i => isArray(i) ? D.arrays[i].shape.join("×") : "a number";
const numbersOnly = i => !operandsOf(i).some(isArray);
function leafPart(i) {
  if (isArray(i)) return void paragraph(panel, editable(), "small");
  heading(panel, "Value");
  const line = node("p", {}, panel);
  if (!D.twin || step !== EVERYTHING) {
    line.append("data ");
    node("b", { class: "f" }, line, fmt(values[i]));
    if (!D.twin) paragraph(panel, editable(), "small");
    return;
  }
  const field = node("label", {}, line, "data ");
  const box = node("input", { id: "number", type: "number", step: "any", value: values[i] }, field);
  on(box, "input", () => { const x = box.value === "" ? NaN : Number(box.value); if (Number.isFinite(x)) change(i, x); });
  if (edits.has(i)) {
    const back = node("button", { id: "back" }, line, `back to ${fmt(startValues[i])}`);
    on(back, "click", () => { change(i, startValues[i]); $("number")?.focus(); });
    paragraph(panel, `${label(ROOT)}: ${fmt(startValues[ROOT])} → ${fmt(values[ROOT])}`, "eq");
  } else paragraph(panel, "Change it, and everything is computed again.", "small");
}
function change(i, x) {
  edit(i, x);
  refresh();
  announce(`${label(ROOT)} is ${fmt(values[ROOT])}`);
}
function backwardPart(i) {
  if (isLeaf(i) || !kindOf(i).sends.some(Boolean)) return;
  heading(panel, "Backward: what this step sends to each input");
  let told = 0;
  for (let e = first[i]; e < first[i + 1] && told < MOST_LINES; e++) if (sends(e)) { sendPart(i, e); told++; }
}
function sendPart(i, e) {
  const x = sources[e], formula = kindOf(i).local[e - first[i]];
  const again = firstUse[x + 1] - firstUse[x] > 1;
  if (isArray(i) || isArray(x)) {
    equation(panel, partial(ROOT, x), again ? GROWS : EQUALS, formula ? filled(formula, inNames(i)) : piece("…", "\\ldots"));
    paragraph(panel, `shape ${shapeOf(x)}, length ${fmt(sent[e])}${D.broadcast[e] ? `; ${D.broadcast[e]}` : ""}`, "small indent");
    return;
  }
  equation(panel, partial(ROOT, x), again ? GROWS : EQUALS, partial(ROOT, i), TIMES, partial(i, x));
  equation(panel, partial(i, x), EQUALS, ...(formula && filled(formula, inNames(i)).text !== fmt(locals[e]) ? [filled(formula, inNames(i)), EQUALS] : []), number(locals[e])).classList.add("indent");
  equation(panel, partial(ROOT, x), again ? GROWS : EQUALS, asFactor(grads[i]), TIMES, asFactor(locals[e]), EQUALS, number(sent[e], "b")).classList.add("indent");
  if (step !== EVERYTHING && again) paragraph(panel, `${label(x)} is used again: so far ${fmt(shownGrad(x))}`, "small indent");
}
function ownPart(i) {
  if (!hasGrad(i)) { if (D.state === "fresh" && !isConst(i)) paragraph(panel, "It has no gradient.", "small"); return; }
  const arrivals = Array.from(uses.subarray(firstUse[i], firstUse[i + 1])).filter(sends);
  heading(panel, "Its own gradient");
  if (isArray(i)) { paragraph(panel, `The sum of ${arrivals.length} contribution${arrivals.length === 1 ? "" : "s"}: length ${fmt(grads[i])}.`); return; }
  const parts = arrivals.slice(0, MOST_LINES).flatMap((e, k) => k ? [PLUS, asFactor(sent[e])] : [number(sent[e])]);
  if (arrivals.length > MOST_LINES) parts.push(piece(" + …", " + \\ldots"));
  equation(panel, partial(ROOT, i), EQUALS, ...(arrivals.length > 1 ? [...parts, EQUALS] : []), number(grads[i], "b"));
  if (i !== ROOT && D.twin) {
    const { slope, agrees } = nudge(i), L = label(ROOT);
    heading(panel, "Nudge test");
    paragraph(panel, `(${L}(+h) − ${L}(−h)) / 2h = ${fmt(slope, 6)} ${agrees ? "✓ agrees" : "✗ differs"}`, "eq");
  }
  if (i !== ROOT && !Object.keys(D.arrays).length) pathsPart(i);
}
function pathsPart(i) {
  if (N > MOST_VALUES_FOR_PATHS) return;
  const { count, listed } = pathsFrom(i);
  heading(panel, `Sum over paths (${big(count)})`);
  let rest = grads[i];
  for (const { product, edges } of listed) {
    rest -= product;
    const few = edges.length > 12 ? [...edges.slice(0, 6), null, ...edges.slice(-5)] : edges;
    equation(panel, ...few.flatMap((e, k) => [...(k ? [piece(" · ", " \\cdot ")] : []), e === null ? piece("…", "\\ldots") : asFactor(locals[e])]), ...(edges.length > 1 ? [EQUALS, number(product, "b")] : []));
  }
  if (count > BigInt(listed.length)) paragraph(panel, `the other ${big(count - BigInt(listed.length))} together: ${fmt(Math.abs(rest) < 1e-12 * Math.abs(grads[i]) ? 0 : rest)}`, "small");
}
/* The quiz: a blank, a check, and the chain rule as a hint. */
const asked = () => { let n = 0; for (let i = 0; i < N; i++) if (hasGrad(i) && i !== ROOT && !isArray(i)) n++; return n; };
const score = parent => paragraph(parent, `${big(solved.size - 1)} of ${big(asked())} found`, "small");
function quizPart(i) {
  if (!hasGrad(i)) return void paragraph(panel, "It has no gradient: nothing is to be found here.", "small");
  if (isArray(i)) return void paragraph(panel, "The quiz asks for single numbers; this is an array.", "small");
  heading(panel, "Its gradient");
  if (solved.has(i)) { equation(panel, partial(ROOT, i), EQUALS, number(grads[i], "b")); score(panel); return; }
  const form = node("form", {}, panel), field = node("label", {}, form, `${partial(ROOT, i).text} = `);
  const answer = node("input", { id: "answer", type: "text", inputmode: "decimal", autocomplete: "off", size: 9 }, field);
  node("button", { type: "submit" }, form, "check");
  const verdict = paragraph(panel, "", "verdict");
  set(verdict, "role", "status");
  on(form, "submit", event => {
    event.preventDefault();
    const x = Number(answer.value.trim().replace("−", "-").replace(",", "."));
    if (answer.value.trim() === "" || Number.isNaN(x)) verdict.textContent = "Write a number, such as 0.25.";
    else if (isRight(x, grads[i])) { solved.add(i); refresh(); announce(`Right: ${fmt(grads[i])}`); focusBox(boxOf(i)); }
    else { verdict.textContent = "✗ Not yet."; if (!$("hint")) hint(i); }
  });
  const ask = node("button", { type: "button" }, form, "hint");
  on(ask, "click", () => { if (!$("hint")) hint(i); });
  score(panel);
}
const isRight = (x, truth) => Math.abs(x - truth) <= Math.max(5e-4 * Math.abs(truth), 6e-5) && (truth === 0) === (x === 0);
function hint(i) {
  const part = node("div", { id: "hint" }, panel);
  heading(part, "Hint: the chain rule");
  for (const e of Array.from(uses.subarray(firstUse[i], firstUse[i + 1])).filter(sends).slice(0, MOST_LINES)) {
    const y = targets[e], formula = kindOf(y).local[e - first[y]], slope = formula && filled(formula, inNames(y));
    if (y === ROOT && slope) { equation(part, partial(ROOT, i), GROWS, slope); continue; }
    equation(part, partial(ROOT, i), GROWS, partial(ROOT, y), TIMES, partial(y, i));
    if (slope) equation(part, partial(y, i), EQUALS, slope).classList.add("indent");
    if (solved.has(y)) equation(part, partial(ROOT, y), EQUALS, number(grads[y], "b")).classList.add("indent");
    else paragraph(part, `Find ${partial(ROOT, y).text} first.`, "small indent");
  }
}

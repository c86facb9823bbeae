/* The picture: boxes and arrows are made when the layout changes, and refreshed at every step. */
const SVG = "http://www.w3.org/2000/svg";
const canvas = $("canvas"), world = $("world"), tip = $("tip");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
function el(tag, attributes, parent, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [k, v] of Object.entries(attributes)) set(made, k, v);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}
let selected = null, quizzing = false, colourBy = "gradient", hits = null;
const solved = new Set([ROOT]);
const isBlank = i => quizzing && hasGrad(i) && !solved.has(i);
const gradText = i => isBlank(i) ? "?" : fmt(shownGrad(i));

/* Sizes, before the layout */
const short = i => isNamed(i) ? cut(label(i), 22) : cut(label(i), 16);
function headWidth(i) {
  const op = isLeaf(i) ? 0 : textWidth(cut(kindOf(i).op, 18), "bold 14px") + 9;
  const word = roles[i] === 3 ? 0 : textWidth(roleWord(i), "10px") + 10;
  return op + textWidth(short(i), "italic 14px") + word + 22;
}
function measure(box) {
  if (box.items) {
    const facts = `${big(box.count)} values · ${big(box.params)} params`;
    box.w = Math.max(124, textWidth("▸ " + cut(box.title, 40), "bold 13px") + 26, textWidth(facts, "11px") + 26);
    box.h = 64;
  } else if (isArray(box.v)) { box.w = Math.max(158, headWidth(box.v)); box.h = 112; }
  else if (isConst(box.v)) {
    const number = textWidth(fmt(values[box.v]), "bold 13px"), name = isNamed(box.v) ? textWidth(short(box.v), "italic 14px") + 12 : 0;
    box.w = Math.max(52, number + name + 22);
    box.h = 30;
  } else {
    const widest = Math.max(textWidth(fmt(values[box.v]), "bold 13px"), Number.isNaN(grads[box.v]) ? 0 : textWidth(fmt(grads[box.v]), "bold 13px") + 8);
    box.w = Math.max(94, headWidth(box.v), Math.max(widest, 62) + 52);
    box.h = 66;
  }
}

const cards = new Map(), titles = [];
let largest = 0, largestSent = 0;
function scales() {
  largest = largestSent = 0;
  for (let i = 0; i < N; i++) { const g = Math.abs(grads[i]); if (g > largest && g < Infinity) largest = g; }
  for (const c of sent) { const s = Math.abs(c); if (s > largestSent && s < Infinity) largestSent = s; }
}
function pill(g) {
  const size = Math.abs(g);
  if (g === null || !(size > 0) || size === Infinity || !largest) return 0;
  return Math.max(1, Math.min(4, Math.round(4 + 1.34 * Math.log10(size / largest))));
}
function onPress(node, act) {
  on(node, "click", event => { event.stopPropagation(); if (!drag.moved) act(); });
  on(node, "keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(); } });
}
function render() {
  const focused = document.activeElement?.dataset?.box;
  const before = new Map();
  for (const [id, card] of cards) before.set(id, [card.box.oldX, card.box.oldY]);
  world.replaceChildren();
  cards.clear();
  titles.length = 0;
  const open = [top_], frames = el("g", {}, world), lines = el("g", { "aria-hidden": "true" }, world), shown = [];
  for (let k = 0; k < open.length; k++) for (const item of open[k].items) if (item.items && item.open) { open.push(item); drawFrame(item, frames); } else shown.push(item);
  for (const arrow of arrows) drawArrow(arrow, lines);
  const first_ = box => box.items ? box.start : box.v;
  shown.sort((a, b) => first_(a) - first_(b));
  for (const box of shown) drawBox(box);
  el("g", { id: "notes", "aria-hidden": "true" }, world);
  for (const [id, card] of cards) {
    const old = before.get(id), { X, Y } = card.box;
    if (old && !calm.matches && shown.length < 300 && (old[0] !== X || old[1] !== Y))
      card.g.animate([{ transform: `translate(${old[0]}px,${old[1]}px)` }, { transform: `translate(${X}px,${Y}px)` }], { duration: 220, easing: "ease-out" });
    card.box.oldX = X;
    card.box.oldY = Y;
  }
  $("counts").textContent = `${big(N)} values · ${big(shown.length)} boxes`;
  refresh();
  if (focused !== undefined) world.querySelector(`[data-box="${focused}"]`)?.focus({ preventScroll: true });
}
function drawFrame(g, parent) {
  const frame = el("g", { class: `frame depth${Math.min(g.depth, 3)}` }, parent);
  el("rect", { x: g.X, y: g.Y, width: g.w, height: g.h, rx: 12 }, frame);
  const button = el("g", { class: "toggle", tabindex: 0, role: "button", "aria-expanded": "true", "aria-label": `close ${g.title}`, "data-box": g.uid }, frame);
  el("rect", { x: g.X + 4, y: g.Y + 3, width: textWidth("▾ " + cut(g.title, 40), "bold 12px") + 14, height: 23, rx: 6, class: "hold" }, button);
  const title = el("text", { x: g.X + 10, y: g.Y + 19 }, button, "▾ " + held(cut(g.title, 40)));
  titles.push({ title, width: g.w - 20, own: textWidth("▾ " + cut(g.title, 40), "bold 12px") });
  onPress(button, () => toggle(g));
}
function drawArrow(arrow, parent) {
  arrow.path = el("path", { d: curve(arrow), "marker-end": "url(#head)" }, parent);
  const tell = event => showTip(event, arrowText(arrow));
  on(arrow.path, "pointermove", tell);
  on(arrow.path, "pointerleave", hideTip);
}
function arrowText({ a, b, edge, count }) {
  if (edge < 0) return `${big(count)} value${count > 1 ? "s" : ""} from ${boxName(a)} to ${boxName(b)}`;
  const x = label(sources[edge]), y = label(targets[edge]);
  if (!sends(edge)) return `${x} → ${y}`;
  if (isBlank(sources[edge]) || isBlank(targets[edge])) return `∂${y}/∂${x}`;
  const told = D.broadcast[edge] ? `, ${D.broadcast[edge]}` : "";
  if (isArray(targets[edge]) || isArray(sources[edge])) return `${x} → ${y}: sends ‖${fmt(sent[edge])}‖${told}`;
  return `∂${y}/∂${x} = ${fmt(locals[edge])}, contributes ${fmt(grads[targets[edge]])} × ${factor(locals[edge])} = ${fmt(sent[edge])}`;
}
const boxName = box => box.items ? box.title : label(box.v);
function showTip(event, text) {
  const frame = canvas.getBoundingClientRect();
  tip.textContent = text;
  tip.hidden = false;
  tip.style.left = Math.max(4, Math.min(event.clientX - frame.left + 14, frame.width - tip.offsetWidth - 6)) + "px";
  tip.style.top = Math.max(4, event.clientY - frame.top - tip.offsetHeight - 10) + "px";
}
const hideTip = () => { tip.hidden = true; };

function drawBox(box) {
  const kind = box.items ? "module" : ROLE_WORDS[roles[box.v]];
  const g = el("g", { class: `card ${kind}`, tabindex: 0, role: "button", transform: `translate(${box.X.toFixed(2)},${box.Y.toFixed(2)})`, "data-box": idOf(box) }, world);
  const card = { box, g, ground: el("rect", { width: box.w, height: box.h, rx: kind === "param" ? 2 : 9, class: "ground" }, g) };
  if (kind === "output") el("rect", { x: 3, y: 3, width: box.w - 6, height: box.h - 6, rx: 7, class: "inner" }, g);
  if (box.items) drawModule(box, g, card); else if (isArray(box.v)) drawArray(box, g, card); else drawNumber(box, g, card);
  cards.set(idOf(box), card);
  onPress(g, () => box.items ? toggle(box) : select(box.v));
  on(g, "focus", () => { if (g.matches(":focus-visible")) reveal(box); });
}
function drawModule(box, g, card) {
  set(g, "aria-expanded", "false");
  el("text", { x: 12, y: 21, class: "module-name" }, g, "▸ " + held(cut(box.title, 40)));
  el("text", { x: 12, y: 39, class: "muted" }, g, `${big(box.count)} values · ${big(box.params)} params`);
  card.grad = el("text", { x: 12, y: 55, class: "grad" }, g);
}
function drawHead(box, g) {
  const i = box.v, head = el("text", { x: 10, y: 19 }, g);
  if (!isLeaf(i)) el("tspan", { class: "op" }, head, cut(kindOf(i).op, 18) + "  ");
  const index = isNamed(i) && /^(\p{L}{1,2})_?(\d+)$/u.exec(label(i)); /* x1 and x_1: the index is lowered */
  el("tspan", { class: isNamed(i) ? "name" : "name muted" }, head, index ? index[1] : held(short(i)));
  if (index) el("tspan", { dy: 3, class: "name", "font-size": 10 }, head, index[2]);
  if (roles[i] !== 3) el("text", { x: box.w - 9, y: 17, class: "role" }, g, roleWord(i));
}
function drawNumber(box, g, card) {
  const i = box.v;
  if (isConst(i)) {
    if (isNamed(i)) el("text", { x: 10, y: 20, class: "name" }, g, held(short(i)));
    card.value = el("text", { x: box.w - 10, y: 20, class: "value" }, g);
    return;
  }
  drawHead(box, g);
  el("text", { x: 10, y: 39, class: "muted" }, g, "data");
  card.value = el("text", { x: box.w - 10, y: 39, class: "value" }, g);
  card.pill = el("rect", { y: 45, height: 17, rx: 8 }, g);
  el("text", { x: 10, y: 58, class: "muted" }, g, "grad");
  card.grad = el("text", { x: box.w - 10, y: 58, class: "grad" }, g);
}
const gradLength = box => { let s = 0; for (let i = box.start; i <= box.end; i++) if (roles[i] === 1 && hasGrad(i) && inside(i, box)) s += grads[i] ** 2; return Math.sqrt(s); };
const inside = (i, g) => { for (let h = boxes[i].up; h; h = h.up) if (h === g) return true; return false; };
const gradsDone = box => { for (let i = box.start; i <= box.end; i++) if (roles[i] === 1 && hasGrad(i) && inside(i, box) && shownGrad(i) === null) return false; return true; };

/* Bring numbers, names and marks up to the step; the layout stays. */
function refresh() {
  scales();
  const dir = direction(), active = step === EVERYTHING ? -1 : order[step], activeBox = active < 0 ? null : boxOf(active);
  for (const [id, card] of cards) {
    const { box, g } = card;
    const classes = ["card", box.items ? "module" : ROLE_WORDS[roles[box.v]]];
    if (!box.items && box.v === selected) classes.push("selected");
    if (box === activeBox) classes.push(dir === "forward" ? "now-forward" : "now-backward");
    if (hits) classes.push(hits.has(id) ? "hit" : "dim");
    if (box.items) refreshModule(card); else refreshValue(card);
    if (!box.items && D.health[box.v] !== undefined) classes.push("ill");
    set(g, "class", classes.join(" "));
    paint(card);
  }
  const notes = $("notes");
  notes.replaceChildren();
  for (const arrow of arrows) refreshArrow(arrow, dir, active, notes);
  showPanel();
}
function refreshModule({ box, g, grad }) {
  const known = box.params && D.state === "fresh" && !quizzing && gradsDone(box), length = known ? fmt(gradLength(box)) : "·";
  grad.textContent = box.params ? `‖∇‖ ${length}` : "";
  set(g, "aria-label", `module ${box.title}, ${box.count} values, ${box.params} parameters, closed${known ? `, gradient length ${length}` : ""}`);
}
function refreshValue(card) {
  const i = card.box.v, value = shownValue(i), told = [isLeaf(i) ? roleWord(i) : kindOf(i).op, label(i)];
  if (!isLeaf(i) && roles[i] === 4) told.push(roleWord(i));
  const known = value === null ? "not computed" : isArray(i) ? `shape ${D.arrays[i].shape.join(" by ")}, length ${fmt(value)}` : fmt(value);
  const gradient = isBlank(i) ? "for you to find" : shownGrad(i) === null ? (hasGrad(i) ? "not computed" : "none") : fmt(shownGrad(i));
  set(card.g, "aria-label", `${told.join(" ")}, data ${known}` + (isConst(i) ? "" : `, gradient ${gradient}`) + (D.health[i] ? `, ${D.health[i]}` : ""));
  if (card.value) card.value.textContent = isArray(i) ? card.dataText(value) : fmt(value);
  if (card.refreshMaps) card.refreshMaps();
  if (!card.grad) return;
  const text = hasGrad(i) ? gradText(i) : "—", g = isBlank(i) ? null : shownGrad(i);
  card.grad.textContent = isArray(i) && text !== "·" && text !== "?" && text !== "—" ? `‖${text}‖` : text;
  if (!card.pill) return;
  const width = textWidth(text, "bold 13px") + 13;
  set(card.pill, "x", card.box.w - width - 4);
  set(card.pill, "width", width);
  set(card.pill, "class", `pill pill${colourBy === "role" ? 0 : pill(g)}`);
}
function refreshArrow(arrow, dir, active, notes) {
  const { a, b, edge, path } = arrow, classes = ["arrow"];
  const c = edge >= 0 && sends(edge) ? sent[edge] : null;
  const here = active >= 0 && !b.items && b.v === active && dir !== "seed";
  if (here && dir === "forward") classes.push("now-forward");
  if (here && dir === "backward" && (edge < 0 || sends(edge))) classes.push("now-backward");
  if (c === 0 && !quizzing) classes.push("stopped");
  if (selected !== null && ((!a.items && a.v === selected) || (!b.items && b.v === selected))) classes.push("near");
  if (hits) classes.push("dim");
  set(path, "class", classes.join(" "));
  const size = Math.abs(c);
  const wide = c && !quizzing && largestSent && size < Infinity ? 1 + 1.8 * Math.max(0, 1 + Math.log10(size / largestSent) / 3) : c === null && arrow.count > 1 ? 2 : 1;
  set(path, "stroke-width", wide.toFixed(2));
  if (here && dir === "backward" && c !== null && !quizzing && !isArray(b.v)) note(arrow, c, notes);
}
/* The equation on an arrow, as much of it as fits between the boxes. */
function note({ a, b, edge, path, twin, twins }, c, notes) {
  const room = b.X - a.X - a.w - 8, local = locals[edge];
  const text = [`${fmt(grads[b.v], 3)} × ${local < 0 ? `(${fmt(local, 3)})` : fmt(local, 3)} = ${fmt(c)}`, fmt(c)].find(t => textWidth(t, "bold 11px") + 12 <= room);
  if (!text) return;
  const w = textWidth(text, "bold 11px") + 12, at = path.getPointAtLength(path.getTotalLength() / 2), y = at.y + (twins > 1 ? (twin ? 4 : -4) : 0);
  el("rect", { x: at.x - w / 2, y: y - 9, width: w, height: 17, rx: 8, class: "note-ground" }, notes);
  el("text", { x: at.x, y: y + 3.5, class: "note" }, notes, text);
}
/* Colours that the reader asked for. */
const HUES = ["#0072b2", "#009e73", "#d55e00", "#cc79a7", "#e69f00", "#56b4e9"];
/* On the deep colours of a scale, texts have a halo. */
const showHalo = () => canvas.classList.toggle("halo", colourBy === "value" || colourBy === "yours");
function paint({ box, ground }) {
  const style = ground.style;
  style.fill = style.fillOpacity = "";
  if (colourBy === "module") {
    let g = box.items ? box : box.up;
    while (g && g.up && g.up.up) g = g.up;
    if (g && g.up) { style.fill = HUES[(g.uid - N) % HUES.length]; style.fillOpacity = .22; }
  } else if (colourBy === "yours") {
    const x = D.own[box.v];
    if (typeof x === "string") { style.fill = HUES[x % HUES.length]; style.fillOpacity = .22; } else if (x !== undefined) style.fill = heat(x, D.scale);
  } else if (colourBy === "value" && !box.items && !isArray(box.v)) style.fill = heat(shownValue(box.v), valueScale());
  else if (colourBy === "health" && !box.items && D.health[box.v] !== undefined) style.fill = "var(--ill)";
}
let scaleOf = null, scaleFor = null;
function valueScale() {
  if (scaleFor !== values) {
    scaleFor = values;
    scaleOf = 0;
    for (let i = 0; i < N; i++) { const s = Math.abs(values[i]); if (!isArray(i) && s > scaleOf && s < Infinity) scaleOf = s; }
  }
  return scaleOf;
}

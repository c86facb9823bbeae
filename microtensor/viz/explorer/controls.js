/* Hands: zoom, drag, keys, steps, search; and the beginning. */
const view = { x: 0, y: 0, k: 1 };
let drag = { on: false, moved: false };
const announce = text => { $("live").textContent = ""; $("live").textContent = text; };
function place() {
  set(world, "transform", `translate(${view.x.toFixed(2)},${view.y.toFixed(2)}) scale(${view.k.toFixed(4)})`);
  /* Titles of modules stay readable when much is shown. */
  for (const { title, width, own } of titles) {
    const size = Math.max(12, Math.min(19, 10.5 / view.k, 12 * width / own));
    set(title, "font-size", size.toFixed(2));
    set(title.previousSibling, "width", own * size / 12 + 14);
  }
}
function fit(least = 0.02) {
  const { width, height } = canvas.getBoundingClientRect();
  const whole = Math.min(1.6, width / top_.w, (height - 36) / top_.h);
  if (least > 0.02 && whole < 0.2) least = 0.5; /* at first: better a part that can be read */
  view.k = Math.max(whole, least);
  view.x = Math.max((width - top_.w * view.k) / 2, Math.min(0, width - top_.w * view.k) * (least > whole ? 0 : 1));
  if (least > whole && quizzing) view.x = width - top_.w * view.k; /* where it begins */
  view.y = Math.max((height - 36 - top_.h * view.k) / 2, 0);
  place();
}
function zoom(by, x, y) {
  const { width, height } = canvas.getBoundingClientRect(), k = Math.min(8, Math.max(0.02, view.k * by));
  x ??= width / 2;
  y ??= height / 2;
  view.x = x - (x - view.x) * k / view.k;
  view.y = y - (y - view.y) * k / view.k;
  view.k = k;
  place();
}
/* Bring a box into sight. */
function reveal(box) {
  const { width, height } = canvas.getBoundingClientRect(), [x, y] = [view.x + box.X * view.k, view.y + box.Y * view.k], [w, h] = [box.w * view.k, box.h * view.k];
  if (x < 8 || x + w > width - 8) view.x += width / 2 - x - w / 2;
  if (y < 8 || y + h > height - 8) view.y += height / 2 - y - h / 2;
  place();
}
const focusBox = box => world.querySelector(`[data-box="${idOf(box)}"]`)?.focus();
on(canvas, "wheel", event => {
  event.preventDefault();
  const frame = canvas.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY / 400), event.clientX - frame.left, event.clientY - frame.top);
}, { passive: false });
const fingers = new Map();
on(canvas, "pointerdown", event => {
  fingers.set(event.pointerId, event);
  drag = { on: true, moved: false, x: event.clientX - view.x, y: event.clientY - view.y };
});
addEventListener("pointermove", event => {
  if (!drag.on || !fingers.has(event.pointerId)) return;
  if (fingers.size === 2) {
    const [a, b] = [...fingers.values()], before = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    fingers.set(event.pointerId, event);
    const [c, d] = [...fingers.values()], frame = canvas.getBoundingClientRect();
    zoom(Math.hypot(c.clientX - d.clientX, c.clientY - d.clientY) / before, (c.clientX + d.clientX) / 2 - frame.left, (c.clientY + d.clientY) / 2 - frame.top);
    drag.moved = true;
    return;
  }
  fingers.set(event.pointerId, event);
  const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
  if (Math.hypot(x - view.x, y - view.y) > 3) drag.moved = true;
  if (drag.moved) { view.x = x; view.y = y; place(); }
});
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, event => {
  fingers.delete(event.pointerId);
  drag.on = false;
  for (const rest of fingers.values()) drag = { on: true, moved: true, x: rest.clientX - view.x, y: rest.clientY - view.y };
});
on(canvas, "click", () => { if (!drag.moved && selected !== null) select(null); });

/* Steps */
function showStep() {
  $("slider").max = order.length - 1;
  $("slider").value = step === EVERYTHING ? order.length - 1 : step;
  const word = step === EVERYTHING ? "all" : `${big(step + 1)} / ${big(order.length)} ${direction() === "forward" ? "forward" : "backward"}`;
  $("place").textContent = word;
  $("slider").setAttribute("aria-valuetext", step === EVERYTHING ? "every number" : `step ${word}`);
}
function go(to) {
  if (!order.length) return;
  step = Math.max(EVERYTHING, Math.min(order.length - 1, to));
  if (step !== EVERYTHING) selected = null;
  showStep();
  refresh();
  if (step === EVERYTHING) return;
  reveal(boxOf(order[step]));
  announce([...panel.querySelectorAll("h2, h3, .eq, p:not(.small)")].map(p => p.textContent).join(". ").slice(0, 400));
}
const back = () => go(step === EVERYTHING ? order.length - 2 : Math.max(0, step - 1));
let timer = null;
function play() {
  if (timer === null) {
    if (isLastStep()) go(0);
    timer = setInterval(() => { if (isLastStep()) play(); else go(step + 1); }, calm.matches ? 1600 : 900);
  } else { clearInterval(timer); timer = null; }
  $("play").textContent = timer ? "❚❚" : "▶";
  $("play").setAttribute("aria-label", timer ? "Pause" : "Play");
  $("play").setAttribute("aria-pressed", String(timer !== null));
}
function select(i) {
  const before = selected;
  selected = i === selected ? null : i;
  if (step !== EVERYTHING) { step = EVERYTHING; showStep(); }
  refresh();
  panel.scrollTop = 0;
  announce(selected === null ? "" : panel.textContent.slice(0, 400));
  if (selected !== null && before !== selected && document.activeElement?.dataset?.box === undefined) focusBox(boxOf(i));
}
/* Modules */
function relayOut(anchor) {
  const before = anchor && [view.x + anchor.X * view.k, view.y + anchor.Y * view.k];
  layOut();
  render();
  if (before) { view.x = before[0] - anchor.X * view.k; view.y = before[1] - anchor.Y * view.k; place(); } else fit();
}
let waiting = null;
function guarded(open, act) {
  if (open > GUARD) {
    $("question").textContent = `That shows ${big(open)} boxes: too many to read, and slow to draw.`;
    waiting = act;
    $("guard").showModal();
    $("no").focus();
  } else act();
}
function toggle(g) {
  const after = g.open ? 0 : visibleCount() - 1 + countOpened(g);
  guarded(after, () => {
    g.open = !g.open;
    if (selected !== null && boxes[selected].up !== g && !g.open && inside(selected, g)) selected = null;
    relayOut(g);
    if (document.activeElement === document.body) focusBox(g);
    announce(`${g.title} ${g.open ? "opened" : "closed"}`);
  });
}
const countOpened = g => {
  let count = 0;
  const inner = [g];
  while (inner.length) for (const item of inner.pop().items) if (item.items && item.open) inner.push(item); else count++;
  return count;
};
function level(open) {
  const found = living.filter(g => g.up && g.open !== open);
  if (!found.length) return;
  const depth = found.reduce((d, g) => open ? Math.min(d, g.depth) : Math.max(d, g.depth), open ? Infinity : 0);
  const chosen = found.filter(g => g.depth === depth);
  for (const g of chosen) g.open = open;
  const count = visibleCount();
  for (const g of chosen) g.open = !open;
  guarded(open ? count : 0, () => { for (const g of chosen) g.open = open; relayOut(); });
}
$("yes").onclick = () => { $("guard").close(); waiting?.(); };
$("no").onclick = () => $("guard").close();

/* Search: in names, operations, modules and roles; what is inside a closed module rings it. */
function search(text) {
  const wanted = text.trim().toLowerCase();
  hits = null;
  let count = 0;
  if (wanted) {
    hits = new Set();
    const titled = new Set(living.filter(g => g.up && g.title.toLowerCase().includes(wanted)));
    for (const g of titled) if (g.up && !g.isPart) { count++; hits.add(idOf(g.closed || g)); }
    for (let i = 0; i < N; i++) if (label(i).toLowerCase().includes(wanted) || roleWord(i) === wanted || (!isLeaf(i) && (kindOf(i).op.toLowerCase().includes(wanted) || (kindOf(i).fn || "").includes(wanted)))) { count++; hits.add(idOf(boxOf(i))); }
  }
  $("hits").textContent = wanted ? `${big(count)} found` : "";
  refresh();
}
on($("search"), "input", event => search(event.target.value));
on($("search"), "keydown", event => {
  if (event.key === "Escape") { event.target.value = ""; search(""); event.target.blur(); }
  if (event.key === "Enter" && hits) { const card = [...cards.values()].find(c => hits.has(idOf(c.box))); if (card) { reveal(card.box); card.g.focus(); } }
});

function setQuiz(on) {
  quizzing = on;
  $("quiz").setAttribute("aria-pressed", String(on));
  step = EVERYTHING;
  showStep();
  refresh();
}
const CLICKS = {
  first: () => go(0), prev: back, next: () => go(step + 1), all: () => go(EVERYTHING), play, fit: () => fit(),
  in: () => zoom(1.25), out: () => zoom(0.8), less: () => level(false), more: () => level(true), quiz: () => setQuiz(!quizzing),
  theme: () => { followed = false; setTheme(isDark() ? "light" : "dark"); refresh(); },
};
for (const [id, act] of Object.entries(CLICKS)) $(id).addEventListener("click", act);
on($("slider"), "input", event => go(+event.target.value));
on($("colour"), "change", event => { colourBy = event.target.value; showHalo(); refresh(); });
for (const button of document.querySelectorAll("[data-save]")) on(button, "click", () => { $("save").open = false; SAVERS[button.dataset.save](); });
const KEYS = {
  ArrowRight: () => go(step + 1), ArrowLeft: back, Home: () => go(0), End: () => go(order.length - 1), p: play,
  Escape: () => { if (selected !== null) select(null); go(EVERYTHING); },
  "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: () => fit(), "/": () => $("search").focus(),
};
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("guard").open) return;
  const { tagName, id } = event.target;
  if (id !== "slider" && (tagName === "INPUT" || tagName === "SELECT" || tagName === "TEXTAREA")) return;
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});
let width = 0;
function begin() { width = canvas.clientWidth; fit(quizzing ? 0.7 : width < 700 ? 0.5 : 0.1); }
new ResizeObserver(() => { if (canvas.clientWidth !== width) begin(); }).observe(canvas);
const system = matchMedia("(prefers-color-scheme: dark)");
function setTheme(name) { document.documentElement.dataset.theme = name; }
function followSystem() { if (followed) setTheme(system.matches ? "dark" : "light"); }
let followed = D.theme === "auto";
if (followed) followSystem(); else setTheme(D.theme);
on(system, "change", () => { followSystem(); refresh(); });
$("title").textContent = D.title;
if (D.state !== "fresh" || isArray(ROOT)) $("quiz").disabled = true;
$("less").disabled = $("more").disabled = deepest === 0;
if (!order.length) for (const id of ["first", "prev", "play", "next", "slider", "all"]) $(id).disabled = true;
quizzing = D.quiz;
if (D.own) {
  $("colour").append(new Option("yours"));
  $("colour").value = colourBy = "yours";
  showHalo();
}
$("quiz").setAttribute("aria-pressed", String(quizzing));
layOut();
showStep();
render();
begin();
/* For programs: the numbers as they are, and the same doors as the buttons use. */
window.explorer = Object.freeze({
  labels: () => Array.from({ length: N }, (_, i) => label(i)), values: () => Array.from(values), gradients: () => Array.from(grads), locals: () => Array.from(locals),
  edit: change, go, toggle, groups: living, steps: order.length, visibleCount, shownValue, shownGrad, recomputed: () => ({ values: Array.from(forward(new Map())), gradients: Array.from(backward()) }),
});

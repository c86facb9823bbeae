/* Boxes inside boxes: modules, and parts of what has too many values to show one by one. */
const PART = 60, GUARD = 1500;
const group = (title, up, depth) => ({ title, up, depth, items: [], open: false, count: 0, params: 0, uid: 0 });
const top_ = group("", null, 0);
top_.open = true;
const groups = [top_];
for (const [title, path, up] of D.groups) {
  const parent = groups[up], g = group(title, parent, parent.depth + 1);
  g.path = path;
  groups.push(g);
}
const boxes = new Array(N);
{
  const placed = new Set([top_]);
  const place = g => { /* a module stands where its first value does */
    if (placed.has(g)) return;
    placed.add(g);
    place(g.up);
    g.up.items.push(g);
  };
  /* A leaf stands before the first call that uses it, so that parts hold what belongs together. */
  const when = new Float64Array(N);
  for (let i = 0; i < N; i++) when[i] = i;
  for (let i = 0; i < N; i++) if (isLeaf(i) && firstUse[i] < firstUse[i + 1]) when[i] = targets[uses[firstUse[i + 1] - 1]] - 0.5;
  const sorted = Uint32Array.from({ length: N }, (_, i) => i).sort((a, b) => when[a] - when[b] || a - b);
  for (const i of sorted) {
    const g = groups[homes[i]];
    place(g);
    g.items.push(boxes[i] = { v: i, up: g });
  }
}
function split(g) {
  const size = Math.max(2, Math.min(PART, D.budget));
  while (g.items.length > Math.max(D.budget, 2)) {
    const parts = [];
    for (let k = 0; k < g.items.length; k += size) {
      const part = group("", g, g.depth + 1);
      part.items = g.items.slice(k, k + size);
      part.isPart = true;
      for (const item of part.items) item.up = part;
      groups.push(part);
      parts.push(part);
    }
    g.items = parts;
  }
}
for (const g of groups.slice()) split(g);
{
  const waiting = [...top_.items];
  while (waiting.length) {
    const item = waiting.pop();
    if (!item.items) continue;
    item.depth = item.up.depth + 1;
    for (const inner of item.items) waiting.push(inner);
  }
}
for (let k = 0; k < groups.length; k++) groups[k].uid = N + k;
for (let i = 0; i < N; i++)
  for (let g = boxes[i].up; g; g = g.up) {
    g.count++;
    if (roles[i] === 1) g.params++;
    if (g.start === undefined || i < g.start) g.start = i;
    if (g.end === undefined || i > g.end) g.end = i;
  }
for (const g of groups) if (g.isPart) g.title = `part: ${cut(label(g.start), 16)} … ${cut(label(g.end), 16)}`;
const living = groups.filter(g => g.count);
const deepest = living.reduce((m, g) => Math.max(m, g.depth), 0);

function visibleCount() {
  let count = 0;
  const waiting = [top_];
  while (waiting.length) for (const item of waiting.pop().items) if (item.items && item.open) waiting.push(item); else count++;
  return count;
}
/* Open level by level, as long as the boxes fit the budget. */
for (let depth = 1; depth <= deepest; depth++) {
  const level = living.filter(g => g.depth === depth);
  for (const g of level) g.open = true;
  if (visibleCount() > D.budget) { for (const g of level) g.open = false; break; }
}
/* The box that stands for a value: its own, or the outermost closed module around it. */
function markClosed() {
  const waiting = [top_];
  top_.closed = null;
  while (waiting.length) {
    const g = waiting.pop();
    for (const item of g.items) if (item.items) { item.closed = g.closed || (item.open ? null : item); waiting.push(item); }
  }
}
const boxOf = i => boxes[i].up.closed || boxes[i];

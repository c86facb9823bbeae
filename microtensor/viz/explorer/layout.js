/* Where does each box stand? A layered layout for each open module, its inner ones first.
   Arrows enter and leave a module through slots, so that none runs behind a box. */
const GAP_X = 54, GAP_Y = 16, LANE = 8;
const ruler = document.createElement("canvas").getContext("2d");
const widths = new Map();
function textWidth(text, font) {
  const key = font + text;
  let w = widths.get(key);
  if (w === undefined) {
    ruler.font = font + ' Arial, Helvetica, "Liberation Sans", sans-serif';
    widths.set(key, w = ruler.measureText(text).width);
  }
  return w;
}
const idOf = box => box.items ? box.uid : box.v;
const above = box => { const chain = []; for (let g = box.up; g; g = g.up) chain.push(g); return chain; };
let arrows = [];

/* One arrow per argument between values; one for all that leads from a module to another box. */
function visibleArrows() {
  const found = new Map();
  for (let e = 0; e < sources.length; e++) {
    const a = boxOf(sources[e]), b = boxOf(targets[e]);
    if (a === b) continue;
    const single = !a.items && !b.items;
    const key = single ? -1 - e : idOf(a) * 4194304 + idOf(b);
    const there = found.get(key);
    if (there) there.count++; else found.set(key, { a, b, edge: single ? e : -1, count: 1, twin: 0, twins: 1 });
  }
  const list = [...found.values()], pairs = new Map();
  for (const arrow of list) {
    const key = idOf(arrow.a) * 4194304 + idOf(arrow.b), same = pairs.get(key) || [];
    arrow.twin = same.length;
    pairs.set(key, [...same, arrow]);
  }
  for (const same of pairs.values()) for (const arrow of same) arrow.twins = same.length;
  return list;
}
/* Cut each arrow into links, one per module that it passes through; arrows that run side by side
   share them. */
function linksOf(list) {
  const links = new Map(), made = new Map();
  const add = (g, from, to, arrow) => {
    const key = `${g.uid} ${from ? idOf(from) : "in" + idOf(arrow.a)} ${to ? idOf(to) : "out"}`;
    let link = made.get(key);
    if (!link) {
      made.set(key, link = { from, to, way: [], g, back: false, enters: from === null, leaves: to === null, source: arrow.a });
      (links.get(g) || links.set(g, []).get(g)).push(link);
    }
    arrow.links.push(link);
  };
  for (const arrow of list) {
    arrow.links = [];
    const up = above(arrow.a), down = above(arrow.b), around = new Set(up);
    const shared = down.find(g => around.has(g)), i = up.indexOf(shared), j = down.indexOf(shared);
    for (let k = 0; k < i; k++) add(up[k], k ? up[k - 1] : arrow.a, null, arrow);
    add(shared, i ? up[i - 1] : arrow.a, j ? down[j - 1] : arrow.b, arrow);
    for (let k = j - 1; k >= 0; k--) add(down[k], null, k ? down[k - 1] : arrow.b, arrow);
  }
  return links;
}
function layOut() {
  markClosed();
  arrows = visibleArrows();
  const links = linksOf(arrows), open = [top_];
  for (let k = 0; k < open.length; k++) for (const item of open[k].items) if (item.items && item.open) open.push(item);
  for (const g of open.slice().reverse()) arrange(g, links.get(g) || []);
  top_.X = top_.Y = 0;
  for (const g of open) for (const item of g.items) { item.X = g.X + item.x; item.Y = g.Y + item.y; }
  for (const arrow of arrows) arrow.points = waypoints(arrow);
}
function arrange(g, links) {
  for (const item of g.items) if (!(item.items && item.open)) measure(item);
  const nodes = [...g.items, ...slotsFor(links)];
  const out = new Map(nodes.map(n => [n, []])), into = new Map(nodes.map(n => [n, []]));
  for (const link of links) { out.get(link.from).push(link); into.get(link.to).push(link); }
  rank(nodes, links, out, into);
  const ranks = [];
  for (const n of nodes) (ranks[n.rank] ||= []).push(n);
  for (let r = 0; r < ranks.length; r++) ranks[r] ||= [];
  const [left, right] = lanes(links, ranks);
  sortRanks(ranks, left, right);
  stack(ranks, left, right);
  settle(g, ranks);
}
function slotsFor(links) {
  const slots = [], exits = new Map(), entries = new Map();
  const slot = () => { const s = { w: 0, h: LANE, isLane: true, isSlot: true, rank: 0 }; slots.push(s); return s; };
  for (const link of links) {
    if (link.enters) { if (!entries.has(link.source)) entries.set(link.source, slot()); link.from = entries.get(link.source); }
    if (link.leaves) { if (!exits.has(link.from)) exits.set(link.from, slot()); link.to = exits.get(link.from); }
  }
  return slots;
}
/* Longest paths, in an order that leaves out the arrows which would close a circle. */
function rank(nodes, links, out, into) {
  const state = new Map(), finished = [];
  for (const start of nodes) {
    if (state.has(start)) continue;
    state.set(start, 1);
    const path = [[start, 0]];
    while (path.length) {
      const here = path[path.length - 1], onward = out.get(here[0]);
      if (here[1] === onward.length) { state.set(here[0], 2); finished.push(here[0]); path.pop(); continue; }
      const link = onward[here[1]++];
      if (!state.has(link.to)) { state.set(link.to, 1); path.push([link.to, 0]); } else if (state.get(link.to) === 1) link.back = true;
    }
  }
  const sorted = finished.reverse();
  for (const n of sorted) n.rank = 0;
  for (const n of sorted) for (const link of out.get(n)) if (!link.back) link.to.rank = Math.max(link.to.rank, n.rank + 1);
  let last = 0;
  for (const n of sorted) last = Math.max(last, n.rank);
  for (const link of links) if (link.leaves) last = Math.max(last, link.from.rank + 1);
  for (const link of links) if (link.leaves) link.to.rank = last;
  for (const n of sorted.reverse()) {
    if (n.isSlot || into.get(n).length) continue;
    let next = Infinity;
    for (const link of out.get(n)) if (!link.back) next = Math.min(next, link.to.rank);
    if (next < Infinity) n.rank = Math.max(n.rank, next - 1);
  }
}
/* A link over several ranks has a lane in each of them, together with others from where it comes. */
function lanes(links, ranks) {
  const left = new Map(), right = new Map(), shared = new Map(), joined = new Set();
  let count = 0;
  const numbers = new Map(), numberOf = n => numbers.get(n) || numbers.set(n, ++count).get(n);
  const join = (a, b) => {
    const pair = numberOf(a) * 4194304 + numberOf(b);
    if (joined.has(pair)) return;
    joined.add(pair);
    (right.get(a) || right.set(a, []).get(a)).push(b); (left.get(b) || left.set(b, []).get(b)).push(a);
  };
  for (const link of links) {
    if (link.back) continue;
    let previous = link.from;
    const own = shared.get(link.from) || shared.set(link.from, []).get(link.from);
    if (link.enters) link.way.push(link.from);
    for (let r = link.from.rank + 1; r < link.to.rank; r++) {
      let lane = own[r];
      if (!lane) ranks[r].push(lane = own[r] = { rank: r, w: 0, h: LANE, isLane: true });
      join(previous, lane);
      link.way.push(lane);
      previous = lane;
    }
    join(previous, link.to);
    if (link.leaves) link.way.push(link.to);
  }
  return [left, right];
}
const sweep = (ranks, k) => k % 2 ? [...ranks.keys()].reverse() : [...ranks.keys()];
function mean(list, of) { let s = 0; for (const n of list) s += of(n); return s / list.length; }
/* Order within ranks: each box as near as may be to the middle of its neighbours. */
function sortRanks(ranks, left, right) {
  for (const R of ranks) R.forEach((n, i) => { n.place = i; });
  for (let k = 0; k < 10; k++) {
    const side = k % 2 ? right : left;
    for (const r of sweep(ranks, k)) {
      for (const n of ranks[r]) { const near = side.get(n); n.wish = near ? mean(near, m => m.place) : n.place; }
      ranks[r].sort((a, b) => a.wish - b.wish || a.place - b.place).forEach((n, i) => { n.place = i; });
    }
  }
}
/* Heights: isotonic regression (pool adjacent violators) keeps order and spacing exactly. */
function stack(ranks, left, right) {
  for (const R of ranks) { let y = 0; for (const n of R) { n.y = y; y += n.h + GAP_Y; } }
  for (let k = 0; k < 12; k++) {
    const side = k % 2 ? right : left;
    for (const r of sweep(ranks, k)) {
      const R = ranks[r], offsets = [], blocks = [];
      let offset = 0;
      for (const n of R) {
        const near = side.get(n), wish = near ? mean(near, m => m.y + m.h / 2) - n.h / 2 : n.y;
        offsets.push(offset);
        let block = { sum: wish - offset, n: 1 };
        offset += n.h + GAP_Y;
        while (blocks.length && blocks[blocks.length - 1].sum / blocks[blocks.length - 1].n > block.sum / block.n) {
          const before = blocks.pop();
          block = { sum: block.sum + before.sum, n: block.n + before.n };
        }
        blocks.push(block);
      }
      let i = 0;
      for (const b of blocks) for (let j = 0; j < b.n; j++, i++) R[i].y = b.sum / b.n + offsets[i];
    }
  }
}
function settle(g, ranks) {
  const pad = g.up ? 14 : 24, head = g.up ? 30 : 24;
  let x = 0, low = Infinity, high = -Infinity;
  for (const R of ranks) {
    let widest = 0;
    for (const n of R) widest = Math.max(widest, n.w);
    const gap = widest ? GAP_X : 16; /* a rank of lanes alone is narrow */
    for (const n of R) {
      n.x = x + (n.isLane ? 0 : (widest - n.w) / (n.v !== undefined && isLeaf(n.v) ? 1 : 2)); /* leaves stand next to what uses them */
      n.column = widest;
      low = Math.min(low, n.y);
      high = Math.max(high, n.y + n.h);
    }
    x += widest + gap;
    g.lastGap = gap;
  }
  if (low > high) { low = 0; high = 40; x = 100; }
  for (const R of ranks) for (const n of R) { n.x += pad; n.y += head - low; }
  g.w = Math.max(x - (g.lastGap || 0) + 2 * pad, g.up ? textWidth("▾ " + cut(g.title, 40), "bold 12px") + 30 : 0);
  g.h = high - low + head + pad;
}
function waypoints(arrow) {
  const points = [];
  for (const link of arrow.links)
    for (const lane of link.way) points.push([link.g.X + lane.x, link.g.Y + lane.y + lane.h / 2, lane.column || 0]);
  return points;
}
/* The curve of an arrow: level at its ends, straight along its lanes. */
function curve(arrow) {
  const { a, b } = arrow, shift = (arrow.twin - (arrow.twins - 1) / 2) * 12;
  const from = [a.X + a.w, a.Y + a.h / 2 + shift], to = [b.X - 1, b.Y + b.h / 2 + shift];
  if (to[0] < from[0]) { /* back, as out of a loop's later line: over both */
    const top = Math.min(a.Y, b.Y) - 12 - shift / 3, end = to[0] - 30, start = from[0] + 30;
    return `M${from}C${start},${from[1]} ${start},${top} ${from[0]},${top}L${to[0]},${top}C${end},${top} ${end},${to[1]} ${to}`;
  }
  let d = `M${from[0].toFixed(1)},${from[1].toFixed(1)}`, [x, y] = from;
  const bend = (px, py) => {
    const k = Math.max(6, (px - x) / 2);
    d += `C${(x + k).toFixed(1)},${y.toFixed(1)} ${(px - k).toFixed(1)},${py.toFixed(1)} ${px.toFixed(1)},${py.toFixed(1)}`;
    [x, y] = [px, py];
  };
  for (const [px, py, column] of arrow.points) {
    bend(px, py + shift / 3);
    if (column > 4) { x = px + column; d += `L${x.toFixed(1)},${y.toFixed(1)}`; }
  }
  bend(...to);
  return d;
}

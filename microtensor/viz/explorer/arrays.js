/* Arrays: heat-maps, purple for negative and green for positive, and histograms. */
const RAMPS = {
  light: ["#762a83", "#9970ab", "#c2a5cf", "#e7d4e8", "#f7f7f7", "#d9f0d3", "#a6dba0", "#5aae61", "#1b7837"],
  dark: ["#e3b8fa", "#b583d3", "#80529c", "#4a2f5a", "#222b35", "#1f4d35", "#2f8353", "#5cbb7c", "#b4f0c2"],
};
const isDark = () => document.documentElement.dataset.theme === "dark";
function heat(x, scale) {
  if (x === null) return "";
  if (!Number.isFinite(x)) return "#ffd400";
  return RAMPS[isDark() ? "dark" : "light"][4 + (scale ? Math.round(4 * x / scale) : 0)];
}
const mapOf = (i, which) => {
  const map = D.arrays[i][which];
  if (map && !map.numbers) {
    map.numbers = unpack(map.cells);
    map.told = unpack(map.moments);
    map.range = unpack(map.ends);
    map.columns = map.numbers.length / map.rows;
    map.scale = 0;
    for (const x of map.numbers) if (Math.abs(x) > map.scale && Math.abs(x) < Infinity) map.scale = Math.abs(x);
  }
  return map;
};
/* A picture of one pixel a cell; a small map shows the largest entry of each block. */
function pixels(map, most) {
  const rows = Math.min(map.rows, most), columns = Math.min(map.columns, most), paper = document.createElement("canvas");
  paper.width = columns;
  paper.height = rows;
  const ink = paper.getContext("2d");
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    let found = 0;
    for (let y = Math.floor(r * map.rows / rows); y < Math.floor((r + 1) * map.rows / rows); y++)
      for (let x = Math.floor(c * map.columns / columns); x < Math.floor((c + 1) * map.columns / columns); x++) {
        const n = map.numbers[y * map.columns + x];
        if (!(Math.abs(n) <= Math.abs(found))) found = n;
      }
    ink.fillStyle = heat(found, map.scale);
    ink.fillRect(c, r, 1, 1);
  }
  return paper;
}
function drawArray(box, g, card) {
  const i = box.v, told = D.arrays[i];
  drawHead(box, g);
  el("text", { x: 10, y: 36, class: "muted" }, g, `${told.shape.join("×")} ${told.dtype}`);
  const half = (box.w - 26) / 2;
  const place = (which, x) => {
    el("rect", { x, y: 43, width: half, height: 46, class: "map" }, g);
    return el("image", { x, y: 43, width: half, height: 46, preserveAspectRatio: "none", class: "pixels" }, g);
  };
  const data = place("data", 10);
  card.value = el("text", { x: 10, y: 103, class: "value start" }, g);
  card.dataText = value => value === null ? "·" : `‖${fmt(value)}‖`;
  const grad = isConst(i) ? null : place("grad", 16 + half);
  if (grad) card.grad = el("text", { x: 16 + half, y: 103, class: "grad start" }, g);
  const picture = (image, which, shown) => {
    const map = mapOf(i, which);
    if (shown && map) set(image, "href", pixels(map, 10).toDataURL()); else image.removeAttribute("href");
  };
  let before = null;
  card.refreshMaps = () => {
    const now = [shownValue(i) !== null, shownGrad(i) !== null && !isBlank(i), isDark()].join();
    if (now === before) return;
    before = now;
    picture(data, "data", shownValue(i) !== null);
    if (grad) picture(grad, "grad", shownGrad(i) !== null && !isBlank(i));
  };
}
/* The panel's map: pointing at a cell, or walking over it with the arrow keys, reads it. */
function bigMap(i, which, parent) {
  const map = mapOf(i, which), told = D.arrays[i];
  const [mean_, spread, low, high] = map.told;
  heading(parent, which === "data" ? "Data" : "Gradient");
  paragraph(parent, `μ ${fmt(mean_)}   σ ${fmt(spread)}   from ${fmt(low)} to ${fmt(high)}`, "small");
  const frame = node("div", { class: "bigmap", tabindex: 0, role: "img" }, parent);
  set(frame, "aria-label", `${which} of ${label(i)}, ${told.shape.join(" by ")}, mean ${fmt(mean_)}, spread ${fmt(spread)}; arrow keys read the cells`);
  const paper = pixels(map, 48), side = Math.max(4, Math.min(26, Math.floor(270 / map.columns)));
  paper.style.width = Math.min(286, side * map.columns) + "px";
  paper.style.height = Math.max(10, Math.min(300, side * map.rows)) + "px";
  frame.append(paper);
  const reading = paragraph(parent, " ", "small reading");
  set(reading, "role", "status");
  let at = [0, 0];
  const read = (r, c) => {
    at = [Math.max(0, Math.min(map.rows - 1, r)), Math.max(0, Math.min(map.columns - 1, c))];
    reading.textContent = `${placeOf(told.shape, map, ...at)} = ${fmt(map.numbers[at[0] * map.columns + at[1]], 6)}`;
  };
  on(paper, "pointermove", event => {
    const area = paper.getBoundingClientRect();
    read(Math.floor((event.clientY - area.top) / area.height * map.rows), Math.floor((event.clientX - area.left) / area.width * map.columns));
  });
  on(frame, "keydown", event => {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (move) { event.preventDefault(); event.stopPropagation(); read(at[0] + move[0], at[1] + move[1]); }
  });
  histogram(map, which, parent);
}
function placeOf(shape, map, r, c) {
  if (!map.whole) return `largest of block ${r + 1}, ${c + 1} of ${map.rows}×${map.columns}`;
  const index = [c];
  for (let k = shape.length - 2; k >= 0; k--) { index.unshift(r % shape[k]); r = Math.floor(r / shape[k]); }
  return `[${index.join(", ")}]`;
}
function histogram(map, which, parent) {
  if (!map.bins.length) return;
  let most = 1;
  for (const n of map.bins) most = Math.max(most, n);
  const frame = el("svg", { viewBox: "0 0 240 48", class: `bars ${which}`, role: "img", "aria-label": `histogram of ${which}, from ${fmt(map.range[0])} to ${fmt(map.range[1])}` }, parent);
  map.bins.forEach((n, k) => el("rect", { x: k * 10 + .5, y: 46 - 44 * n / most, width: 9, height: 44 * n / most + (n ? 1 : 0) }, frame));
  paragraph(parent, `${fmt(map.range[0])}  …  ${fmt(map.range[1])}`, "small");
}

/* Saving what is seen: as SVG with its colours written in, as PNG, or the numbers as JSON. */
const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-weight", "font-style", "text-anchor", "opacity"];
function pictured() {
  const copy = canvas.cloneNode(true), from = canvas.querySelectorAll("*"), to = copy.querySelectorAll("*");
  from.forEach((source, k) => {
    const style = getComputedStyle(source), target = to[k];
    for (const name of KEPT) {
      const value = style.getPropertyValue(name);
      if (value && value !== "none" || name === "fill" || name === "stroke") set(target, name, value.replace("context-stroke", getComputedStyle(document.documentElement).getPropertyValue("--arrow").trim()));
    }
    for (const name of ["class", "style", "tabindex", "role", "aria-expanded", "data-box"]) target.removeAttribute(name);
  });
  const margin = 12, w = top_.w + 2 * margin, h = top_.h + 2 * margin;
  for (const name of ["id", "class", "role", "aria-labelledby"]) copy.removeAttribute(name);
  set(copy, "xmlns", SVG);
  set(copy, "viewBox", `${-margin} ${-margin} ${w} ${h}`);
  set(copy, "width", Math.ceil(w));
  set(copy, "height", Math.ceil(h));
  set(copy, "font-family", 'Arial, Helvetica, "Liberation Sans", sans-serif');
  const inner = copy.querySelector("#world");
  inner.removeAttribute("transform");
  const ground = el("rect", { x: -margin, y: -margin, width: w, height: h, fill: getComputedStyle(document.body).backgroundColor });
  copy.prepend(ground);
  const name = el("title", {}, null, D.title);
  copy.prepend(name);
  return { text: new XMLSerializer().serializeToString(copy), w, h };
}
function download(content, suffix) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = (D.title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "graph") + suffix;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
const plain = x => x === null || Number.isFinite(x) ? x : String(x);
const numbers = () => JSON.stringify({
  title: D.title, step: step === EVERYTHING ? "all" : step + 1,
  values: Array.from({ length: N }, (_, i) => ({ name: label(i), role: roleWord(i), op: isLeaf(i) ? null : kindOf(i).op, operands: operandsOf(i).map(label), data: plain(shownValue(i)), grad: isBlank(i) ? null : plain(shownGrad(i)) })),
}, null, 1);
const SAVERS = {
  svg: () => download(new Blob([pictured().text], { type: "image/svg+xml" }), ".svg"),
  json: () => download(new Blob([numbers()], { type: "application/json" }), ".json"),
  png: () => {
    const { text, w, h } = pictured(), image = new Image();
    const scale = Math.min(2, 16000 / Math.max(w, h), Math.sqrt(1.2e8 / (w * h)));
    image.onload = () => {
      const paper = document.createElement("canvas");
      paper.width = Math.ceil(w * scale);
      paper.height = Math.ceil(h * scale);
      paper.getContext("2d").drawImage(image, 0, 0, paper.width, paper.height);
      paper.toBlob(found => found ? download(found, ".png") : announce("The picture is too large for a bitmap; save it as SVG."));
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  },
};
async function copyText(text) {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = node("textarea", { class: "sr" }, document.body);
    area.value = text;
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  $("latex")?.focus();
  announce("Copied");
}

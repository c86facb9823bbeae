/* Equations for the panel: each piece is text to be read and LaTeX to be copied. */
const GREEK = { "\\": "\\backslash ", "{": "\\{", "}": "\\}", $: "\\$", "&": "\\&", "#": "\\#", "%": "\\%", _: "\\_", "^": "\\hat{\\ }", "~": "\\sim ", "−": "-", "·": "\\cdot ", "×": "\\times ", "<": "\\lt ", ">": "\\gt ", " ": "\\ ", "`": "'" };
const latexText = text => [...text].map(c => GREEK[c] ?? c).join("");
function latexName(name) {
  let [base, ...rest] = name.split("_"), index = rest.join("_");
  const match = /^(\p{L}.*?)(\d+)$/u.exec(name);
  if (!rest.length && match) [, base, index] = match;
  if (!/^\p{L}+$/u.test(base)) return `\\mathrm{${latexText(name)}}`;
  const head = base.length === 1 ? base : `\\mathit{${base}}`;
  return index ? `${head}_{${latexText(index)}}` : head;
}
function latexNumber(x) {
  const [mantissa, exponent] = fmt(x).replace(/−/g, "-").replace("∞", "\\infty ").replace("nan", "\\mathrm{nan}").split("e");
  return exponent ? `${mantissa} \\times 10^{${exponent}}` : mantissa;
}
const piece = (text, latex, mark) => ({ text, latex: latex ?? text, mark });
const said = i => isConst(i) && !isNamed(i) && !isArray(i) ? number(values[i]) : piece(held(label(i)), isNamed(i) ? latexName(label(i)) : label(i).split(/([+−·/@])/).map(part => /[+−·/@]/.test(part) ? latexText(part) : latexName(part)).join(""));
const number = (x, mark) => piece(x === null ? "·" : fmt(x), x === null ? "\\cdot" : latexNumber(x), mark);
const asFactor = x => x < 0 ? piece(factor(x), `\\left(${latexNumber(x)}\\right)`) : number(x);
const whole = i => /[ +−·×/@]/.test(label(i)) ? `(${held(label(i))})` : held(label(i));
const partial = (y, x) => piece(`∂${whole(y)}/∂${whole(x)}`, `\\frac{\\partial ${said(y).latex}}{\\partial ${said(x).latex}}`);
const EQUALS = piece(" = "), GROWS = piece(" += ", " \\mathrel{+}= "), TIMES = piece(" × ", " \\cdot "), PLUS = piece(" + ");
/* Put labels or numbers in the place of a formula's symbols, in brackets where they need them. */
function filled([text, latex], give) {
  const put = (template, which) => template.replace(/⟦(\w+)⟧/g, (mark, key, at, all) => {
    const part = give(key);
    if (mark === all) return part[which];
    const before = all[at - 1], after = all[at + mark.length];
    const loose = (at === 0 || " (,|".includes(before)) && (after === undefined || " ),|".includes(after));
    const needs = /^[−-]/.test(part.text) ? at > 0 && !"(,|".includes(before) || "²³^⁰⁴⁵⁶⁷⁸⁹⁻".includes(after ?? "x") : /[+−·×/@ ]/.test(part.text) && !loose;
    if (!needs) return part[which];
    return which === "text" ? `(${part.text})` : `\\left(${part.latex}\\right)`;
  });
  return piece(put(text, "text"), put(latex, "latex"));
}
const operand = (i, key) => sources[first[i] + kindOf(i).pos.indexOf(+key)];
const inNames = i => key => key === "g" ? partial(ROOT, i) : key === "y" ? said(i) : said(operand(i, key));
const inNumbers = i => key => number(key === "y" ? values[i] : values[operand(i, key)]);
let copied = [];
function node(tag, attributes, parent, text) {
  const made = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes)) set(made, k, v);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}
function equation(parent, ...pieces) {
  const line = node("p", { class: "eq" }, parent);
  for (const p of pieces) if (p.mark) node("b", { class: p.mark }, line, p.text); else line.append(p.text);
  copied.push(pieces.map(p => p.latex).join(""));
  return line;
}
const heading = (parent, text) => node("h3", {}, parent, text);
const paragraph = (parent, text, kind = "") => node("p", { class: kind }, parent, text);

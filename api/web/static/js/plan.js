// Arranging a plan: boxes are moved by the pointer or by the arrow keys (with Shift their size); the numbers in the
// table follow, and moving the numbers moves the boxes. What is sent are the numbers alone.

const grid = document.getElementById("grid");
const most = Number(grid?.dataset.grid ?? 0);
const floorOf = (id) => document.getElementById(`floor.${id}`)?.value ?? "";

function field(box, name) { return document.getElementById(`${name}.${box.dataset.box}`); }
function value(box, name) { return Number(field(box, name).value) || 0; }

function draw(box) {
  const rect = box.querySelector("rect");
  rect.setAttribute("x", value(box, "x"));
  rect.setAttribute("y", value(box, "y"));
  rect.setAttribute("width", Math.max(2, value(box, "w")));
  rect.setAttribute("height", Math.max(2, value(box, "h")));
  const text = box.querySelector("text");
  text.setAttribute("x", value(box, "x") + 0.5);
  text.setAttribute("y", value(box, "y") + 1.4);
  clash();
}

function set(box, name, wanted) {
  const least = name === "w" || name === "h" ? 2 : 0;
  field(box, name).value = Math.min(most, Math.max(least, Math.round(wanted)));
}

const boxes = grid ? [...grid.querySelectorAll("[data-box]")] : [];

function over(one, other) {
  return floorOf(one.dataset.box) === floorOf(other.dataset.box)
    && value(one, "x") < value(other, "x") + value(other, "w") && value(other, "x") < value(one, "x") + value(one, "w")
    && value(one, "y") < value(other, "y") + value(other, "h") && value(other, "y") < value(one, "y") + value(one, "h");
}

function clash() {
  for (const one of boxes) one.classList.toggle("a-over", boxes.some((other) => other !== one && over(one, other)));
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function square(event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(grid.getScreenCTM().inverse());
  return [point.x, point.y];
}

for (const box of boxes) {
  box.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const names = event.shiftKey ? ["w", "h"] : ["x", "y"];
    names.forEach((name, at) => set(box, name, value(box, name) + step[at]));
    draw(box);
  });
  let from = null;
  box.addEventListener("pointerdown", (event) => {
    const [x, y] = square(event);
    // Grasped at its lower right corner, it is drawn larger; anywhere else it is moved.
    const grows = x > value(box, "x") + value(box, "w") - 1 && y > value(box, "y") + value(box, "h") - 1;
    from = { x, y, names: grows ? ["w", "h"] : ["x", "y"] };
    from.was = from.names.map((name) => value(box, name));
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [x, y] = square(event);
    set(box, from.names[0], from.was[0] + x - from.x);
    set(box, from.names[1], from.was[1] + y - from.y);
    draw(box);
  });
  for (const end of ["pointerup", "pointercancel"]) box.addEventListener(end, () => { from = null; });
  for (const name of ["x", "y", "w", "h"]) field(box, name).addEventListener("input", () => draw(box));
  document.getElementById(`floor.${box.dataset.box}`)?.addEventListener("input", clash);
}
clash();

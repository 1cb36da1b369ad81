// The matrix takes one place in the order of the Tab key; within it the arrow keys, Home and End go from cell to cell.

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

for (const table of document.querySelectorAll("table.matrix")) {
  const rows = () => [...table.rows].filter((row) => row.querySelector("td a, thead a") && row.offsetParent);
  const links = (row) => [...row.querySelectorAll("a")];
  let current = null;

  const enter = (link) => {
    if (current) current.tabIndex = -1;
    current = link;
    current.tabIndex = 0;
  };

  const step = (link, key) => {
    const shown = rows();
    const row = shown.indexOf(link.closest("tr"));
    // Counted from the right: the row of the heads has no link above the rules.
    const column = links(shown[row]).indexOf(link) - links(shown[row]).length;
    if (key === "Home" || key === "End") return links(shown[row]).at(key === "Home" ? 0 : -1);
    const [down, right] = STEPS[key];
    const next = shown[row + down];
    return next && column + right < 0 ? links(next).at(column + right) : undefined;
  };

  for (const link of table.querySelectorAll("a")) link.tabIndex = -1;
  enter(table.querySelector("td a"));
  table.addEventListener("focusin", (event) => enter(event.target.closest("a") ?? current));
  table.addEventListener("keydown", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.altKey || event.metaKey || !(event.key in STEPS || ["Home", "End"].includes(event.key)))
      return;
    event.preventDefault();
    step(link, event.key)?.focus();
  });

  // What is hidden cannot be tabbed to.
  table.closest(".by-rule").querySelector("#only-differing").addEventListener("change", () => {
    if (!current.offsetParent) enter(rows().flatMap(links)[0]);
  });
}

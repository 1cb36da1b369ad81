// On every page: what the theme leaves out for those who read with a keyboard or hear the page.

/** What scrolls sideways can be reached with Tab, and scrolled with the arrow keys. */
function reachScrollers() {
  for (const each of document.querySelectorAll("pre, .table-wrapper")) {
    if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
    else each.removeAttribute("tabindex");
  }
}

/** The two menus of a narrow window open by labels of checkboxes that Tab does not reach: each gets a button. */
function reachMenus() {
  for (const label of document.querySelectorAll("label.nav-overlay-icon, label.toc-overlay-icon")) {
    const button = document.createElement("button");
    button.className = "menu";
    button.setAttribute("aria-label", label.htmlFor === "__toc" ? "Contents of this page" : "Pages of the book");
    button.append(...label.childNodes);
    button.addEventListener("click", () => document.getElementById(label.htmlFor).click());
    label.append(button);
  }
}

function nameParts() {
  document.querySelector("aside.sidebar-drawer")?.setAttribute("aria-label", "Pages of the book");
  document.querySelector("aside.toc-drawer")?.setAttribute("aria-label", "Contents of this page");
  for (const each of document.querySelectorAll("p.caption[role=heading]")) each.ariaLevel = "2";
  for (const each of document.querySelectorAll("th")) {
    if (!each.textContent.trim()) each.setAttribute("role", "presentation");
  }
  const top = document.querySelector("a.back-to-top");
  if (top) {
    const part = document.createElement("nav");
    part.setAttribute("aria-label", "The top of this page");
    top.replaceWith(part);
    part.append(top);
  }
  const article = document.getElementById("furo-main-content");
  if (article && !article.querySelector("h1")) {
    const heading = document.createElement("h1");
    heading.textContent = document.title.split(" - ")[0];
    article.prepend(heading);
  }
}

nameParts();
reachMenus();
reachScrollers();
window.addEventListener("resize", reachScrollers);
document.addEventListener("toggle", reachScrollers, true);

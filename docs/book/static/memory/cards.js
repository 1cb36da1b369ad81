/* What may come next: for each thread its next step, or its choice; or how it has ended. */
import { code, h, sentence } from "./lanes.js";
import { asked, option } from "./words.js";

/* act: {take(thread, node), run(thread)}. */
export function cards(play, sites, act) {
  if (play.failure || play.isOver) return [ending(play, sites)];
  return play.at.map((_, thread) => card(thread, play, sites, act));
}

function ending(play, sites) {
  const { failure } = play;
  if (!failure)
    return h(
      "section",
      { class: "ending well", tabindex: "-1" },
      h("h3", {}, "Nothing has failed"),
      h("p", {}, "No thread can go on. This execution ends as it may: step back, and choose otherwise."),
    );
  const other = failure.failure !== play.row.failure;
  return h(
    "section",
    { class: "ending", tabindex: "-1" },
    h("h3", {}, failure.failure[0].toUpperCase() + failure.failure.slice(1)),
    h("p", {}, failure.message.replace(`${failure.failure}: `, ""), "."),
    [...failure.message.matchAll(/(\w+\.[ch]):(\d+)/g)].map(([, file, number]) => code({ file, line: number }, sites)),
    other ? h("p", {}, `The table names another failure of this change: ${play.row.failure}.`) : null,
  );
}

function card(thread, play, sites, act) {
  const options = play.options(thread);
  const title = h("h3", {}, `Thread ${thread}`);
  const one = h(
    "section",
    { class: "card", "data-thread": thread, "aria-label": `Thread ${thread}: next`, style: `--lane: ${thread + 1}` },
    title,
  );
  if (!options.length) {
    one.append(
      h(
        "p",
        {},
        play.isAsleep(thread)
          ? "waits for ever"
          : play.now.some((each) => !each.end.failure)
            ? "has ended"
            : "has ended, or stands before an access that fails",
      ),
    );
    return one;
  }
  const { step } = options[0];
  one.append(
    h("p", {}, asked(step), options.some((each) => each.step.core) ? h("span", { class: "mark" }, "changed") : null),
    code(step, sites),
  );
  if (options.length === 1) {
    const [{ node, there }] = options;
    if (there)
      one.append(
        h(
          "div",
          { class: "buttons" },
          h(
            "button",
            { type: "button", "data-key": `${thread} run`, onclick: () => act.run(thread) },
            "Run to its next choice",
          ),
          h(
            "button",
            { type: "button", "data-key": `${thread} step`, onclick: () => act.take(thread, node) },
            "One step",
          ),
        ),
      );
    else one.append(h("p", { class: "later" }, "waits: ", sentence(option(options[0], play))));
    return one;
  }
  one.append(
    h(
      "ul",
      { class: "options" },
      options.map((each, at) => choice(thread, each, at, play, act)),
    ),
  );
  return one;
}

function choice(thread, each, at, play, act) {
  const words = option(each, play).map((part) => (typeof part === "number" ? `step ${part + 1}` : part));
  const apart = play.parting === null && !each.core ? h("span", { class: "mark apart" }, "not in the core") : null;
  if (!each.there) return h("li", { class: "later" }, words, apart);
  const text = ["choose", "awake", "waits"].includes(each.step.kind) ? words : ["read ", ...words];
  return h(
    "li",
    {},
    h("button", { type: "button", "data-key": `${thread} ${at}`, onclick: () => act.take(thread, each.node) }, text),
    apart,
  );
}

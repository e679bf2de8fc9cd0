/* On the search page: a text that Kapacitor printed leads to its heading in docs/dead-udf.md, above
   all else. It may be pasted whole, with the names and times for which the heading has an ellipsis,
   or be a few of its words. Sphinx finds a heading by at least half of its letters, as they stand. */
"use strict";

const kapacitorTexts = (() => {
  const MOST = 5;
  const MATERIAL = 7; // letters from which on one word alone is enough

  const plain = (text) =>
    text
      .toLowerCase()
      .replace(/time[d]? ?out/g, "timeout") // Kapacitor's keepalive is "timedout"
      .replace(/["'`\\]/g, "")
      .replace(/\s+/g, " ")
      .trim();

  const words = (text) => plain(text).match(/[\p{L}\p{N}]{2,}/gu) ?? [];

  /* Letters of the heading, all of which the query holds in their order; 0 if it does not. */
  const held = (heading, query) => {
    let at = 0;
    let letters = 0;
    for (const part of plain(heading).split("…").map((one) => one.trim())) {
      const found = query.indexOf(part, at);
      if (found < 0) return 0;
      at = found + part.length;
      letters += part.length;
    }
    return letters;
  };

  /* How much of the heading the query names: letters if it stands there, and a share of words. */
  const named = (heading, query) => {
    const asked = words(query);
    const has = words(heading);
    if (asked.length < 2 && (asked[0] ?? "").length < MATERIAL) return 0;
    const share = asked.length / has.length;
    if (plain(heading).includes(query)) return query.length + share;
    return asked.every((word) => has.some((one) => one.startsWith(word))) ? share : 0;
  };

  /* The headings that a query means, the best first. */
  return (query, headings) =>
    headings
      .map((heading) => {
        const asked = plain(query);
        return [held(heading, asked) || named(heading, asked), heading];
      })
      .filter(([score]) => score > 0)
      .sort(([one], [other]) => other - one)
      .slice(0, MOST)
      .map(([, heading]) => heading);
})();

document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  const others = Search._performSearch;
  Search._performSearch = (query, ...rest) => {
    const { docnames, filenames, titles, alltitles } = Search._index;
    const page = docnames.indexOf("docs/dead-udf");
    const anchors = new Map();
    for (const [title, places] of Object.entries(alltitles))
      for (const [file, id] of places) if (file === page && id !== null) anchors.set(title, `#${id}`);
    const best = kapacitorTexts(query, [...anchors.keys()]).map((title) => [
      docnames[page],
      `${titles[page]} > ${title}`,
      anchors.get(title),
      null,
      Infinity,
      filenames[page],
      SearchResultKind.title,
    ]);
    const shown = new Set(best.map(([, , anchor]) => anchor));
    const besides = others(query, ...rest).filter(
      ([name, , anchor]) => name !== docnames[page] || !shown.has(anchor),
    );
    return [...besides, ...best.reverse()]; // the last is shown first
  };
});

// What is wrong with the charts to the eye: labels that are cut or lie on others, and charts without a mark.
() => {
  const visible = (part) => [...part.querySelectorAll("text")].filter((text) => text.textContent && text.getAttribute("opacity") !== "0");
  const boxOf = (text) => text.getBoundingClientRect();
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const leaves = (a, b) => a.left < b.left - 2 || a.right > b.right + 2 || a.top < b.top - 2 || a.bottom > b.bottom + 2;
  const marks = [".mark-symbol", ".mark-rect", ".mark-line", ".mark-area"].map((kind) => `${kind} path`).join(", ");

  // of labels with a halo the outline comes first and says the same
  const distinct = (texts) => texts.filter((text, n) => !texts.slice(0, n).some((other) => other.textContent === text.textContent && meet(boxOf(other), boxOf(text))));

  function overlaps(texts) {
    return texts.flatMap((one, n) => texts.slice(n + 1).filter((other) => meet(boxOf(one), boxOf(other)))
      .map((other) => `${one.textContent} lies on ${other.textContent}`));
  }

  return [...document.querySelectorAll(".chart svg")].flatMap((svg) => {
    const cut = visible(svg).filter((text) => leaves(boxOf(text), boxOf(svg))).map((text) => `${text.textContent} is cut`);
    const covered = [...svg.querySelectorAll(".role-axis-label, .role-legend")].flatMap((part) => overlaps(visible(part)));
    const named = overlaps(distinct([...svg.querySelectorAll("g.mark-text.role-mark")].flatMap(visible)));
    const empty = svg.querySelector(marks) ? [] : ["is empty"];
    return [...cut, ...covered, ...named, ...empty].map((flaw) => `${svg.closest("figure").id}: ${flaw}`);
  });
};

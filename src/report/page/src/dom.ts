// Elements made in code. Text becomes text nodes, never markup, so that whatever an item is called
// stays text.

type Child = Node | string | null;

export interface Attributes {
  [name: string]: string | number | boolean | null;
}

// An attribute of null or false is left out, one of true is empty.
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false)
      element.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element ${id}`);
  return element;
}

// Text from outside, in its own direction whatever stands around it.
export function foreign(text: string, attributes: Attributes = {}): HTMLElement {
  const classes = attributes.class ? `foreign ${attributes.class}` : "foreign";
  return make("bdi", { ...attributes, class: classes }, text);
}

export interface Cell {
  text: string | Node;
  // Shown where the reader asks for the exact figure.
  exact?: string;
  value?: number | string;
  number?: boolean;
}

export function numberCell(text: string, value: number, exact?: string): Cell {
  return exact === undefined ? { text, value, number: true } : { text, value, exact, number: true };
}

export interface Table {
  caption: string;
  head: string[];
  rows: Cell[][];
}

function cellElement(cell: Cell, isHead: boolean): HTMLElement {
  return make(
    isHead ? "th" : "td",
    {
      scope: isHead ? "row" : null,
      class: cell.number ? "number" : null,
      title: cell.exact ?? null,
      "data-value": cell.value ?? null,
    },
    cell.text,
  );
}

// Wide tables scroll in a frame of their own, which the keyboard reaches; the page never scrolls
// sideways.
export function tableElement(table: Table): HTMLElement {
  const body = make("tbody");
  for (const row of table.rows) {
    body.append(make("tr", {}, ...row.map((cell, column) => cellElement(cell, column === 0))));
  }
  const numeric = table.rows[0]?.map((cell) => cell.number ?? false) ?? [];
  const head = table.head.map((text, i) =>
    make("th", { scope: "col", class: numeric[i] ? "number" : null }, text),
  );
  return make(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": table.caption },
    make(
      "table",
      {},
      make("caption", {}, table.caption),
      make("thead", {}, make("tr", {}, ...head)),
      body,
    ),
  );
}

// The numbers behind a picture.
export function numbersOf(table: Table): HTMLElement {
  return make(
    "details",
    { class: "numbers" },
    make("summary", {}, `${table.caption}, as a table`),
    tableElement(table),
  );
}

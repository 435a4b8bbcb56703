//! Which rows of a long list are in sight. Pure, so that it can be tested.

export type Span = { first: number; last: number };

/** Rows beyond either edge: what a fast wheel brings into sight before the next frame is drawn. */
export const SPARE = 14;

/** Rows `first` to `last` (exclusive) for a window of `height` px at `top`, with `spare` rows on either side. */
export function span(top: number, height: number, rowHeight: number, count: number, spare = SPARE): Span {
  if (count <= 0 || rowHeight <= 0) return { first: 0, last: 0 };
  const first = Math.floor(Math.max(0, top) / rowHeight) - spare;
  const last = Math.ceil((Math.max(0, top) + Math.max(0, height)) / rowHeight) + spare;
  return { first: Math.max(0, Math.min(first, count - 1)), last: Math.min(count, Math.max(last, 1)) };
}

/** The rows of a span in `many` slots, which are enough for it: a row keeps its slot while it is in sight, and the next to
 *  need one gets the slot of the one that left. */
export function slots({ first, last }: Span, many: number): (number | null)[] {
  const found = Array<number | null>(many).fill(null);
  for (let index = first; index < last; index++) found[index % many] = index;
  return found;
}

/** Where to scroll so that row `index` is whole; the same place when it already is. */
export function reveal(index: number, top: number, height: number, rowHeight: number): number {
  const start = index * rowHeight;
  if (start < top) return start;
  if (start + rowHeight > top + height) return start + rowHeight - height;
  return top;
}

//! The options of an account as texts in fields, and back.

import type { AccountOption } from '$lib/api/types';

export type Options = Record<string, unknown>;

/** What stands in the fields; empty where nothing is set. */
export function asTexts(options: AccountOption[], given: Options): Record<string, string> {
  const text = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : value === undefined || value === null ? '' : String(value));
  return Object.fromEntries(options.map(({ name }) => [name, text(given[name])]));
}

/** The options as they would be stored; what no field is for, or nobody changed, stays as it is. */
export function fromTexts(options: AccountOption[], texts: Record<string, string>, given: Options): Options {
  const changed = { ...given };
  const told = asTexts(options, given);
  for (const { name, takes } of options) {
    const text = (texts[name] ?? '').trim();
    if (text === told[name]) continue;
    if (!text) delete changed[name];
    else if (takes.kind === 'switch') changed[name] = text === 'true';
    else if (takes.kind === 'number') changed[name] = Number(text);
    else if (takes.kind === 'list') changed[name] = text.split(/[\s,]+/).filter(Boolean);
    else changed[name] = text;
  }
  return changed;
}

//! Usage as series for a chart: a slot an hour or a day, a series a group, small groups together.

import type { Usage, UsageGroup } from '$lib/api/types';
import { modelName } from '$lib/format/model';
import { compact, integer, usd } from '$lib/format/use.svelte';

export type Group = 'account' | 'model' | 'client';
export type Measure = 'tokens' | 'cost' | 'requests';
export type Row = { key: string; label: string; total: number; colour: number };
/** `values[group][slot]`; `times` are seconds, as charts want them. */
export type Chart = { times: number[]; groups: Row[]; values: number[][] };

/** Colours there are; the last is for the rest. */
const COLOURS = 8;

const MEASURES: Record<Measure, { of: (group: UsageGroup) => number; format: (value: number) => string }> = {
  tokens: { of: (group) => group.input_tokens + group.output_tokens + group.cache_read_tokens + group.cache_write_tokens, format: compact },
  cost: { of: (group) => group.cost_usd, format: usd },
  requests: { of: (group) => group.requests, format: integer },
};

export const measure = (name: Measure): (typeof MEASURES)[Measure] => MEASURES[name];

/** The start of every slot from `since` to `until`, in local time: a day may have 23 or 25 hours. */
export function slots(since: number, until: number, step: 'hour' | 'day'): number[] {
  const starts: number[] = [];
  const at = new Date(since);
  while (at.getTime() <= until) {
    starts.push(at.getTime());
    if (step === 'hour') at.setTime(at.getTime() + 3_600_000);
    else at.setDate(at.getDate() + 1);
  }
  return starts;
}

/** `rest` and `nobody` are the words for small groups together and for requests that belong to none. */
export function series(
  usage: Usage, what: Measure, by: Group, since: number, until: number, step: 'hour' | 'day', rest: string, nobody: string,
): Chart {
  const { of } = MEASURES[what];
  const starts = slots(since, until, step);
  const found = new Map<string, { label: string; total: number; values: number[] }>();
  const label = (group: UsageGroup): string => (by === 'model' ? modelName(group.label || group.key) : group.label || group.key) || nobody;
  for (const bucket of usage.buckets) {
    // The slot that the bucket began in: the backend's days may begin elsewhere.
    const slot = starts.findLastIndex((start) => start <= bucket.start_ms);
    if (slot < 0) continue;
    for (const group of bucket.groups) {
      // One model has an id in every region.
      const key = by === 'model' ? label(group) : group.key;
      const entry = found.get(key) ?? { label: label(group), total: 0, values: starts.map(() => 0) };
      found.set(key, entry);
      entry.total += of(group);
      entry.values[slot] = (entry.values[slot] ?? 0) + of(group);
    }
  }
  const sorted = [...found].filter(([, { total }]) => total > 0).sort(([, a], [, b]) => b.total - a.total);
  const shown = sorted.slice(0, sorted.length > COLOURS ? COLOURS - 1 : COLOURS);
  const groups = shown.map(([key, { label, total }], at) => ({ key, label, total, colour: at + 1 }));
  const values = shown.map(([, entry]) => entry.values);
  const small = sorted.slice(shown.length).map(([, entry]) => entry);
  if (small.length > 0) {
    groups.push({ key: '\u0000rest', label: rest, total: small.reduce((sum, { total }) => sum + total, 0), colour: COLOURS });
    values.push(starts.map((_, slot) => small.reduce((sum, entry) => sum + (entry.values[slot] ?? 0), 0)));
  }
  return { times: starts.map((start) => start / 1000), groups, values };
}

/** What the first `groups` of a slot are together. */
function stacked(values: number[][], groups: number, slot: number): number {
  return values.slice(0, groups).reduce((sum, row) => sum + (row[slot] ?? 0), 0);
}

/** Round values from zero up to the highest bar, about four; nothing is half a token, so counts have `whole` steps. */
export function ticks(values: number[][], whole: boolean): { marks: number[]; top: number } {
  const highest = Math.max(0, ...(values[0] ?? []).map((_, slot) => stacked(values, values.length, slot)));
  const least = highest / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(least));
  const found = (least > 5 * power ? 10 : least > 2 * power ? 5 : least > power ? 2 : 1) * power;
  const step = whole ? Math.max(found, 1) : found;
  return { marks: Array.from({ length: Math.floor(highest / step) + 1 }, (_, at) => at * step), top: highest * 1.08 || step };
}

/** The bars of one group as the path of an SVG: those of the groups before it lie below. */
export function bars(values: number[][], group: number, middle: (slot: number) => number, high: (value: number) => number, width: number): string {
  return (values[group] ?? [])
    .map((value, slot) => value > 0 && `M${middle(slot) - width / 2} ${high(stacked(values, group, slot))}h${width}V${high(stacked(values, group + 1, slot))}h${-width}z`)
    .filter(Boolean)
    .join('');
}

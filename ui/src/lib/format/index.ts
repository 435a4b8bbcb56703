//! Numbers, times and sizes for people; all through Intl, all in the language given.

type Value = number | null | undefined;
const NONE = '–';

const numbers = new Map<string, Intl.NumberFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

/** Formatters are costly to make and cheap to use: a log table makes thousands of cells. */
function number(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale + JSON.stringify(options);
  let format = numbers.get(key);
  if (!format) numbers.set(key, (format = new Intl.NumberFormat(locale, options)));
  return format;
}

function date(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  let format = dates.get(key);
  if (!format) dates.set(key, (format = new Intl.DateTimeFormat(locale, options)));
  return format;
}

export function integer(value: Value, locale: string): string {
  return value == null ? NONE : number(locale, { maximumFractionDigits: 0 }).format(value);
}

/** 1,234 below ten thousand, 1.2M above. */
export function compact(value: Value, locale: string): string {
  if (value == null) return NONE;
  if (Math.abs(value) < 10_000) return integer(value, locale);
  return number(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

/** Dollars: cents for amounts, more digits for the price of one answer. */
export function usd(value: Value, locale: string): string {
  if (value == null) return NONE;
  // Less is noise beside an estimate, and too long for a column.
  if (value > 0 && value < 0.0001) return `<${usd(0.0001, locale)}`;
  const small = value !== 0 && Math.abs(value) < 0.1;
  return number(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: small ? 4 : 2,
    maximumFractionDigits: small ? 4 : 2,
  }).format(value);
}

export function percent(share: Value, locale: string, digits = 0): string {
  if (share == null || !Number.isFinite(share)) return NONE;
  return number(locale, { style: 'percent', maximumFractionDigits: digits }).format(share);
}

/** A duration in milliseconds: `0.4ms`, `850ms`, `12.3s`, `4 min 5s`. */
export function duration(ms: Value, locale: string): string {
  if (ms == null) return NONE;
  if (ms < 999.5) return unit(ms, 'millisecond', locale, ms < 9.95 ? 1 : 0);
  if (ms < 60_000) return unit(ms / 1000, 'second', locale, ms < 9_950 ? 2 : 1);
  const [days, hours, minutes, seconds] = split(Math.round(ms / 1000));
  const parts: [number, string][] = [[days, 'day'], [hours, 'hour'], [minutes, 'minute'], [seconds, 'second']];
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, name]) => unit(value, name, locale))
    .join(' ');
}

function split(seconds: number): [number, number, number, number] {
  return [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
}

/** `ms` and `s` need no letter more; a byte's short form is a word without its plural. */
function unit(value: number, name: string, locale: string, digits = 0): string {
  const unitDisplay = name === 'byte' ? 'long' : name === 'millisecond' || name === 'second' ? 'narrow' : 'short';
  return number(locale, { style: 'unit', unit: name, unitDisplay, maximumFractionDigits: digits }).format(value);
}

export function bytes(value: Value, locale: string): string {
  if (value == null) return NONE;
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let step = 0;
  let rest = value;
  while (rest >= 1000 && step < units.length - 1) {
    rest /= 1000;
    step++;
  }
  return unit(rest, units[step] ?? 'byte', locale, step === 0 || rest >= 100 ? 0 : 1);
}

/** `3 minutes ago`, `in 5 hours`. */
export function relative(time: number, now: number, locale: string): string {
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  const seconds = Math.round((time - now) / 1000);
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [['second', 60], ['minute', 60], ['hour', 24], ['day', 365]];
  let value = seconds;
  for (const [name, size] of steps) {
    if (Math.abs(value) < size) return format.format(value, name);
    value = Math.round(value / size);
  }
  return format.format(value, 'year');
}

export function clock(time: number, locale: string): string {
  return date(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(time);
}

export function dateTime(time: number, locale: string): string {
  return date(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(time);
}

export function day(time: number, locale: string): string {
  return date(locale, { month: 'short', day: 'numeric' }).format(time);
}

/** Time alone for today, with its day before that: what a list needs, no wider than eleven digits and signs. */
export function stamp(time: number, now: number, locale: string): string {
  const today = midnight(now);
  return time >= today ? clock(time, locale) : `${date(locale, { month: '2-digit', day: '2-digit' }).format(time)} ${clock(time, locale).slice(0, 5)}`;
}

/** When the local day of `time` began. */
export function midnight(time: number): number {
  const start = new Date(time);
  start.setHours(0, 0, 0, 0);
  return start.getTime();
}

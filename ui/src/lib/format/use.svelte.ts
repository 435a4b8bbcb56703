//! The formats in the person's language; what shows them follows when the language changes.

import { locale, t } from '../i18n/index.svelte';
import * as format from './index';

type Value = number | null | undefined;

export const integer = (value: Value): string => format.integer(value, locale());
export const compact = (value: Value): string => format.compact(value, locale());
export const usd = (value: Value): string => format.usd(value, locale());
export const percent = (share: Value, digits = 0): string => format.percent(share, locale(), digits);
export const duration = (ms: Value): string => format.duration(ms, locale());
export const bytes = (value: Value): string => format.bytes(value, locale());
export const clock = (time: number): string => format.clock(time, locale());
export const dateTime = (time: number): string => format.dateTime(time, locale());
export const day = (time: number): string => format.day(time, locale());
export const relative = (time: number, now: number): string => format.relative(time, now, locale());
/** What a request cost: money, or what its vendor counts instead. */
export const priceOf = ({ cost_usd, credits }: { cost_usd: number | null; credits: number | null }): string =>
  cost_usd === null && credits !== null ? t('unit.credits.short', { count: credits }) : usd(cost_usd);
export const stamp = (time: number, now: number): string => format.stamp(time, now, locale());

import type { Totals } from './Totals';

export type HourTotals = Totals & { hour_ms: number };

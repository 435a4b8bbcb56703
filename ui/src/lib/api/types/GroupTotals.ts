import type { Totals } from './Totals';

export type GroupTotals = Totals & { key: string };

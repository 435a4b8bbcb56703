import type { LogRow } from './LogRow';

export type Page = { rows: LogRow[]; next: number | null };

import type { GroupTotals } from './GroupTotals';
import type { HourTotals } from './HourTotals';
import type { Totals } from './Totals';

export type Stats = {
  totals: Totals;
  by_account: GroupTotals[];
  by_model: GroupTotals[];
  by_client: GroupTotals[];
  hours: HourTotals[];
  dropped_rows: number;
};

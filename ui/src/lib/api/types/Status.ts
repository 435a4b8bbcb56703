import type { Active } from './Active';
import type { PortProblem } from './PortProblem';
import type { Totals } from './Totals';

export type Status = {
  service: string;
  version: string;
  pid: number;
  started_ms: number;
  uptime_s: number;
  port: number | null;
  addresses: string[];
  require_key: boolean;
  active_account: Active | null;
  accounts: number;
  accounts_ready: number;
  today: Totals;
  dropped_log_rows: number;
  paused?: boolean;
  port_problem?: PortProblem | null;
};

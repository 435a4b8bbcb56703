import type { Overage } from './Overage';
import type { QuotaPart } from './QuotaPart';

export type Quota = {
  plan: string | null;
  unit: string;
  used: number;
  limit: number;
  remaining: number;
  /** Seconds since 1970. */
  resets: number | null;
  overage: Overage | null;
  parts: QuotaPart[];
};

export type QuotaPart = {
  kind: 'plan' | 'trial' | 'bonus';
  name: string | null;
  used: number;
  limit: number;
  /** Seconds since 1970. */
  expires: number | null;
};

/** An account that was gone past, as a log row keeps it. One that rested was not asked: it has neither model nor status. */
export type Tried = {
  account: string;
  model?: string;
  resting?: boolean;
  category: string;
  status?: number | null;
  after_ms?: number;
};

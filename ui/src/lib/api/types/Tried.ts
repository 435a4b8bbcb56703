/** One failed attempt, as a log row keeps it. */
export type Tried = {
  account: string;
  model: string;
  category: string;
  status: number | null;
  after_ms: number;
};

/** An account that was gone past, as a log row keeps it. One that rested or was skipped was not asked: it has neither model
 *  nor status. */
export type Tried = {
  account: string;
  model?: string;
  resting?: boolean;
  /** It was ready: the conversation stayed elsewhere, or it does not have the model. */
  skipped?: 'conversation' | 'model';
  category?: string;
  status?: number | null;
  after_ms?: number;
};

import type { Price } from './Price';
import type { Server } from './Server';

/** A model, and which accounts serve it. */
export type Card = {
  name: string;
  display_name: string;
  vendor: string;
  context: number;
  max_output: number;
  price: Price | null;
  tools: boolean;
  vision: boolean;
  documents: boolean;
  thinking: boolean;
  efforts: string[];
  end_of_life: string | null;
  accounts: Server[];
};

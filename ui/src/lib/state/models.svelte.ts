//! The models that the accounts serve.

import * as api from '../api/routes';
import type { Card } from '../api/types';

let list = $state.raw<Card[]>([]);

export const models = {
  get list(): Card[] {
    return list;
  },
  find: (name: string): Card | undefined => list.find((card) => card.name === name),
  async refresh(): Promise<void> {
    list = (await api.models()).models;
  },
};

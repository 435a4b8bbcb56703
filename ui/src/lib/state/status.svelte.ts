//! How the instance is, at a glance.

import * as api from '../api/routes';
import type { Status } from '../api/types';
import { midnight } from '../format';

let value = $state.raw<Status | null>(null);

export const status = {
  get value(): Status | null {
    return value;
  },

  take(fresh: Status): void {
    value = fresh;
  },
  async refresh(): Promise<void> {
    value = await api.status(midnight(Date.now()));
  },
  async pause(on: boolean): Promise<void> {
    await (on ? api.pause() : api.resume());
    await this.refresh();
  },
};

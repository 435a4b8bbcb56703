//! The sign-ins under way, as the backend tells them.

import * as api from '../api/routes';
import type { SignInView } from '../api/types';

let list = $state.raw<SignInView[]>([]);

export const signIns = {
  find: (id: string): SignInView | undefined => list.find((one) => one.id === id),
  take(fresh: SignInView[]): void {
    list = fresh;
  },
  async refresh(): Promise<void> {
    list = await api.signIns.list();
  },
};

//! The accounts, their quotas, and what can be done with them.

import * as api from '../api/routes';
import type { AccountView, NewAccount, Offer, Patch, Quota } from '../api/types';

let list = $state.raw<AccountView[] | null>(null);
let kinds = $state.raw<Offer[]>([]);
let quotas = $state.raw<Record<string, Quota>>({});

export const accounts = {
  /** In the order of failover; null until the backend told. */
  get list(): AccountView[] | null {
    return list;
  },
  get providers(): Offer[] {
    return kinds;
  },
  get active(): AccountView | undefined {
    return list?.find((account) => account.active);
  },
  quota: (id: string): Quota | undefined => quotas[id],
  providerName: (id: string): string => kinds.find((kind) => kind.id === id)?.name ?? id,

  take(fresh: AccountView[]): void {
    list = fresh.toSorted((a, b) => a.position - b.position);
  },
  /** Null when the account counts nothing, or does not tell. */
  takeQuota(id: string, quota: Quota | null): void {
    const { [id]: _, ...others } = quotas;
    quotas = quota ? { ...others, [id]: quota } : others;
  },
  async refresh(): Promise<void> {
    this.take(await api.accounts.list());
  },
  async refreshProviders(): Promise<void> {
    kinds = await api.providers();
  },
  /** Asks for the quotas that count something; one that cannot be had is simply not shown. */
  async refreshQuotas(): Promise<void> {
    for (const account of list ?? []) {
      if (account.policy !== 'undocumented_wire') continue;
      const quota = await api.accounts.quota(account.id).catch(() => null);
      if (quota) this.takeQuota(account.id, quota);
    }
  },
  async add(account: NewAccount): Promise<AccountView> {
    const added = await api.accounts.add(account);
    await this.refresh();
    return added;
  },
  async change(id: string, change: Patch): Promise<void> {
    await api.accounts.change(id, change);
    await this.refresh();
  },
  async activate(id: string): Promise<void> {
    await api.accounts.activate(id);
    await this.refresh();
  },
  async remove(id: string): Promise<void> {
    await api.accounts.remove(id);
    await this.refresh();
  },
  async restore(id: string): Promise<void> {
    await api.accounts.restore(id);
    await this.refresh();
  },
  /** Shows the new order before the backend confirms it: a dragged card must not jump back. */
  async reorder(ids: string[]): Promise<void> {
    const before = list;
    const place = new Map(ids.map((id, index) => [id, index]));
    list = (list ?? []).toSorted((a, b) => (place.get(a.id) ?? 1e9) - (place.get(b.id) ?? 1e9));
    try {
      this.take(await api.accounts.order(ids));
    } catch (error) {
      list = before;
      throw error;
    }
  },
};

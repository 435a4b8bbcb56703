//! The order of accounts, and their groups.

import type { AccountView } from '$lib/api/types';

/** `ids` with `id` at place `to`; places outside the list are its ends. */
export function moved(ids: readonly string[], id: string, to: number): string[] {
  const rest = ids.filter((other) => other !== id);
  if (rest.length === ids.length) return rest;
  rest.splice(Math.max(0, Math.min(to, rest.length)), 0, id);
  return rest;
}

/** Every tag there is, in the order of the words. */
export function tagsOf(accounts: readonly AccountView[]): string[] {
  return [...new Set(accounts.flatMap((account) => account.tags))].sort((a, b) => a.localeCompare(b));
}

/** Whether an account has the tag, if one is wanted, and the words somewhere that people see. */
export function fits(account: AccountView, text: string, tag: string): boolean {
  if (tag && !account.tags.includes(tag)) return false;
  const seen = [account.name, account.region, account.credential.label, account.note, ...account.tags];
  return seen.join('\n').toLowerCase().includes(text.trim().toLowerCase());
}

export type GroupKey = 'bedrock' | 'undocumented' | 'sandbox';

/** Groups by how the vendor looks at us, which is also how people tell them apart; empty groups are left out. */
export function grouped(accounts: readonly AccountView[]): { key: GroupKey; accounts: AccountView[] }[] {
  const keys: [GroupKey, AccountView['policy']][] = [
    ['bedrock', 'documented_api'], ['undocumented', 'undocumented_wire'], ['sandbox', 'offline'],
  ];
  return keys
    .map(([key, policy]) => ({ key, accounts: accounts.filter((account) => account.policy === policy) }))
    .filter((group) => group.accounts.length > 0);
}

//! The admin API, one function a route.

import { del, get, patch, post, put, query } from './client';
import type {
  AccountView, Autostart, Backups, Blocked, Bundle, Capture, Check, Cleaned, Client, ClientConnected, ClientHome, ClientPreview, ClientRestored, Command, Conversation, ConversationHead,
  ConversationPage, FoundImport, FoundList, ExportedFile, KeyRules, KeyView, LocalKey, LogRow, Made, MadeBackups, Meaning, Models, NewAccount, Offer, Page, Password, Patch, Preview, Quota, RecoveryKey, Removed,
  Replayed, RestoredBackup, Rotated, Secrets, Session, Settings, SignInView, SlotKind, StartedOver, Stats, Status, TakenIn, Usage, Verdict,
} from './types';

const at = (path: string, id: string | number): string => `${path}/${encodeURIComponent(id)}`;

export const session = {
  show: () => get<Session>('/api/session', { quiet: true }),
  open: (proof: { token: string } | { password: string }) => post<Session>('/api/session', proof, { quiet: true }),
  close: () => del('/api/session'),
};

export const accounts = {
  list: async () => (await get<{ accounts: AccountView[] }>('/api/accounts')).accounts,
  add: (account: NewAccount) => post<AccountView>('/api/accounts', account),
  change: (id: string, change: Patch) => patch<AccountView>(at('/api/accounts', id), change),
  remove: (id: string) => del(at('/api/accounts', id)),
  removed: async () => (await get<{ accounts: Removed[] }>('/api/accounts/removed')).accounts,
  restore: (id: string) => post<AccountView>(`${at('/api/accounts', id)}/restore`),
  forget: (id: string) => del(at('/api/accounts/removed', id)),
  activate: (id: string) => post<AccountView>(`${at('/api/accounts', id)}/activate`),
  preview: (source: object) => post<Preview>('/api/accounts/import', { ...source, preview: true }),
  import: (source: object) => post<TakenIn>('/api/accounts/import', source),
  export: (how: object) => post<ExportedFile>('/api/accounts/export', how),
  order: async (ids: string[]) => (await put<{ accounts: AccountView[] }>('/api/accounts/order', { ids })).accounts,
  test: (id: string, model?: string) => post<Verdict>(`${at('/api/accounts', id)}/test`, model ? { model } : {}),
  quota: async (id: string) => (await get<{ quota: Quota | null }>(`${at('/api/accounts', id)}/quota`)).quota,
};

export const signIns = {
  list: async () => (await get<{ sign_ins: SignInView[] }>('/api/signins')).sign_ins,
  begin: (wish: object) => post<SignInView>('/api/signins', wish),
  choose: (id: string, choice: string) => post<SignInView>(`${at('/api/signins', id)}/choice`, { choice }),
  cancel: (id: string) => del(at('/api/signins', id)),
};

export const found = {
  list: async () => (await get<FoundList>('/api/found')).found,
  take: async (ids: string[], policy_accepted: boolean, own = false) =>
    (await post<FoundImport>('/api/found/import', { items: ids.map((id) => ({ id, own })), policy_accepted })).imported,
};

export const providers = async () => (await get<{ providers: Offer[] }>('/api/providers')).providers;
export const models = (refresh = false) =>
  get<Models>(`/api/models${query({ refresh })}`);
export const meaning = (name: string, client: string) => post<Meaning>('/api/models/meaning', { name, client });

export type LogQuestion = {
  since_ms?: number; until_ms?: number; account?: string; dialect?: string; client?: string; model?: string;
  status?: string; errors?: boolean; slower_than_ms?: number; failed_over?: boolean; text?: string;
};

export const logs = {
  page: (question: LogQuestion, before: number | null, limit: number, signal?: AbortSignal) =>
    get<Page>(`/api/logs${query({ ...question, before, limit })}`, signal ? { signal } : {}),
  row: (id: number) => get<LogRow>(at('/api/logs', id)),
  stats: (since_ms: number, until_ms: number) => get<Stats>(`/api/logs/stats${query({ since_ms, until_ms })}`),
  cleanup: () => post<Cleaned>('/api/logs/cleanup', {}),
  capture: (requestId: string) => get<Capture>(at('/api/logs/capture', requestId)),
  replay: (id: number) => post<Replayed>(`${at('/api/logs', id)}/replay`),
  curl: (id: number) => get<Command>(`${at('/api/logs', id)}/curl`),
  exportPath: (question: LogQuestion, format: 'csv' | 'json') => `/api/logs/export${query({ format, ...question })}`,
};

export const settings = {
  show: () => get<Settings>('/api/settings'),
  change: (changes: Record<string, unknown>) => put<Settings>('/api/settings', changes),
};

export const status = (today_ms: number) => get<Status>(`/api/status${query({ today_ms })}`);
export const pause = () => post<void>('/api/proxy/pause');
export const resume = () => post<void>('/api/proxy/resume');

export const keys = {
  local: () => get<LocalKey>('/api/keys/local'),
  rotate: () => post<Rotated>('/api/keys/local/rotate'),
  list: async () => (await get<{ keys: KeyView[] }>('/api/keys')).keys,
  add: (name: string, rules: Partial<KeyRules>) => post<Made>('/api/keys', { name, rules }),
  change: (id: string, change: { name?: string; rules: Partial<KeyRules> }) => patch<KeyView>(at('/api/keys', id), change),
  remove: (id: string) => del(at('/api/keys', id)),
  replace: (id: string) => post<Rotated>(`${at('/api/keys', id)}/rotate`),
};

export const secrets = {
  show: () => get<Secrets>('/api/secrets'),
  unlock: (secret: string) => post<Secrets>('/api/secrets/unlock', { secret }),
  retry: () => post<Secrets>('/api/secrets/retry'),
  protect: (slot: SlotKind, passphrase: string | null) => put<Secrets>('/api/secrets/protection', { slot, passphrase }),
  recoveryKey: () => post<RecoveryKey>('/api/secrets/recovery-key'),
  forgetRecoveryKey: () => del('/api/secrets/recovery-key'),
  startOver: () => post<StartedOver>('/api/secrets/start-over', { confirm: true }),
};

export const ips = {
  blocked: () => get<Blocked>('/api/ips/blocked'),
  block: (address: string) => post<Blocked>('/api/ips/block', { address }),
  unblock: (address: string) => post<Blocked>('/api/ips/unblock', { address }),
};

export const password = {
  show: () => get<Password>('/api/password'),
  change: (password: string | null, current: string) => put<Session>('/api/password', { password, current }),
};

export const conversations = {
  list: (text: string, before: number | null, limit: number) =>
    get<ConversationPage>(`/api/conversations${query({ text, before, limit })}`),
  show: (id: string) => get<Conversation>(at('/api/conversations', id)),
  add: (conversation: object) => post<ConversationHead>('/api/conversations', conversation),
  change: (id: string, conversation: object) => put<ConversationHead>(at('/api/conversations', id), conversation),
  remove: (id: string) => del(at('/api/conversations', id)),
};

export const usage = (question: { since_ms: number; until_ms: number; group: string; step: string; offset_min: number }) =>
  get<Usage>(`/api/usage${query(question)}`);

export const diagnostics = {
  /** With `test` each account is asked for one token. */
  checks: async (test: boolean) => (await get<{ checks: Check[] }>(`/api/diagnostics${query({ test })}`)).checks,
  fix: (action: string, params: Record<string, unknown>) => post<unknown>('/api/diagnostics/fix', { action, params }),
  bundle: () => get<Bundle>('/api/diagnostics/bundle'),
  bundlePath: '/api/diagnostics/bundle?download=1',
};

export const backups = {
  list: () => get<Backups>('/api/backups'),
  make: () => post<MadeBackups>('/api/backups', {}),
  remove: (name: string) => del(at('/api/backups', name)),
  restore: (name: string) => post<RestoredBackup>(`${at('/api/backups', name)}/restore`, { confirm: true }),
};

/** Whose clients: those of another home than the person's own. */
export type Whose = { home?: string };

export const clients = {
  list: (whose: Whose) => get<{ clients: Client[]; homes: ClientHome[] }>(`/api/clients?${new URLSearchParams(whose)}`),
  preview: (id: string, what: 'connect' | 'undo', choice: Whose & { model?: string }) =>
    get<ClientPreview>(`${at('/api/clients', id)}/${what}?${new URLSearchParams(choice)}`),
  write: (id: string, what: 'connect' | 'undo', order: Whose & { fingerprint: string; model?: string }) =>
    post<Partial<ClientConnected>>(`${at('/api/clients', id)}/${what}`, order),
  restore: async () => (await post<{ restored: ClientRestored[] }>('/api/clients/restore')).restored,
};

export const shell = {
  autostart: () => get<Autostart>('/api/shell/autostart'),
  setAutostart: (on: boolean) => post<unknown>('/api/shell/autostart', { on }),
  reveal: (path: string) => post<unknown>('/api/shell/reveal', { path }),
  quit: () => post<unknown>('/api/shell/quit'),
};

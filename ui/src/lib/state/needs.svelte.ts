//! What needs the person: the list on Home, the number in the sidebar.

import type { AccountView } from '../api/types';
import { dateTime } from '../format/use.svelte';
import { known, t } from '../i18n/index.svelte';
import { duration } from '../format/use.svelte';
import { accounts } from './accounts.svelte';
import { clock } from './clock.svelte';
import { href, signInHref } from './route.svelte';
import { status } from './status.svelte';

export type Need = { id: string; tone: 'warn' | 'bad'; text: string; href: string; action: string };

/** From this share on a quota is worth a word. */
const NEARLY = 0.9;
/** From then on the end of a sign-in is. */
export const SOON_MS = 3_600_000;

function ofAccount(account: AccountView): Need | null {
  if (!account.enabled) return null;
  const place = { href: href('accounts', account.id), action: t('home.need.look') };
  const name = account.name;
  const again = account.ephemeral ? place : { href: signInHref(account.id), action: t('signin.again') };
  switch (account.state.kind) {
    case 'needs_sign_in':
      return { id: account.id, tone: 'bad', text: t('home.need.signIn', { name }), ...again };
    case 'suspended':
      return { id: account.id, tone: 'bad', text: t('home.need.suspended', { name }), ...place };
    case 'exhausted':
      return { id: account.id, tone: 'bad', text: t('home.need.exhausted', { name }), ...place };
    default: {
      const left = (account.sign_in_ends_ms ?? Infinity) - clock.now;
      if (left < SOON_MS) return { id: account.id, tone: 'warn', text: t('home.need.signInEnds', { name, time: duration(Math.max(1, Math.floor(left / 60_000)) * 60_000) }), ...again };
      const quota = accounts.quota(account.id);
      const nearly = quota && quota.limit > 0 && quota.used / quota.limit >= NEARLY;
      return nearly ? { id: account.id, tone: 'warn', text: t('home.need.quota', { name, unit: known(`unit.${quota.unit}`) ?? quota.unit }), ...place } : null;
    }
  }
}

export const needs = {
  get list(): Need[] {
    const list = (accounts.list ?? []).map(ofAccount).filter((need) => need !== null);
    const problem = status.value?.port_problem;
    const place = { href: href('settings', 'proxy'), action: t('home.need.port.action') };
    if (problem) {
      const { port, owner } = problem;
      const text = owner
        ? t('home.need.portOwner', { port: String(port), owner })
        : t('home.need.port', { port: String(port) });
      list.unshift({ id: 'port', tone: 'bad', text, ...place });
    } else if (status.value && status.value.port === null) {
      list.unshift({ id: 'port', tone: 'bad', text: t('home.need.noPort'), ...place });
    }
    const recovered = status.value?.recovered;
    if (recovered) {
      const text = recovered.backup ? t('home.need.recovered', { time: dateTime(recovered.backup.made_ms) }) : t('home.need.emptied');
      list.unshift({ id: 'recovered', tone: 'bad', text, href: href('settings', 'data'), action: t('home.need.look') });
    }
    if (status.value?.disk_full) list.unshift({ id: 'disk', tone: 'bad', text: t('home.need.disk'), href: href('diagnostics'), action: t('home.need.look') });
    return list;
  },
};

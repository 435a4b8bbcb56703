//! What the palette offers.

import * as api from '../api/routes';
import type { IconName } from '../components/icons';
import { duration } from '../format/use.svelte';
import { explainCode } from '../api/failure';
import { t } from '../i18n/index.svelte';
import { accounts } from './accounts.svelte';
import { localKey } from './key.svelte';
import { go, SCREENS } from './route.svelte';
import { settings } from './settings.svelte';
import { modifier } from './shortcuts.svelte';
import { status } from './status.svelte';
import { toasts } from './toasts.svelte';

export type Command = { id: string; icon: IconName; title: string; hint?: string; run: () => void };

function copy(text: string): void {
  navigator.clipboard.writeText(text).then(() => toasts.ok(t('common.copied')), () => toasts.show('error', t('common.copyFailed')));
}

/** Switches, and says what now answers. */
export function use(id: string, name: string): void {
  accounts.activate(id).then(() => toasts.ok(t('accounts.nowUsing', { name })), toasts.failed);
}

export async function test(id: string, name: string): Promise<void> {
  try {
    const verdict = await api.accounts.test(id);
    if (verdict.ok) toasts.ok(t('accounts.testOk', { name, time: duration(verdict.latency_ms), model: verdict.model }));
    else if (verdict.error) toasts.show('error', `${name}: ${explainCode(verdict.error.code, verdict.error.message)}`);
  } catch (error) {
    toasts.failed(error);
  }
}

export const commands = {
  get list(): Command[] {
    const list: Command[] = SCREENS.map((screen, index) => ({
      id: screen, icon: screen, title: t(`nav.${screen}`), hint: `${modifier} ${index + 1}`, run: () => go(screen),
    }));
    for (const { id, name, active } of accounts.list ?? []) {
      if (!active) list.push({ id: `use-${id}`, icon: 'accounts', title: t('palette.use', { name }), run: () => use(id, name) });
      list.push({ id: `test-${id}`, icon: 'diagnostics', title: t('palette.test', { name }), run: () => void test(id, name) });
    }
    const { anthropic, openai } = localKey.urls;
    const key = localKey.key;
    list.push(
      { id: 'add', icon: 'plus', title: t('accounts.add'), run: () => go('accounts', 'add') },
      { id: 'new-chat', icon: 'chat', title: t('chat.new'), run: () => go('chat', 'new') },
      { id: 'errors', icon: 'logs', title: t('palette.errors'), run: () => go('logs', '', { errors: '1' }) },
      { id: 'copy-anthropic', icon: 'copy', title: t('palette.copyAnthropic'), hint: anthropic, run: () => copy(anthropic) },
      { id: 'copy-openai', icon: 'copy', title: t('palette.copyOpenai'), hint: openai, run: () => copy(openai) },
      { id: 'theme', icon: 'theme', title: t('palette.theme'), run: () => void settings.setTheme(settings.dark ? 'light' : 'dark').catch(toasts.failed) },
      { id: 'english', icon: 'language', title: 'English', run: () => void settings.setLanguage('en').catch(toasts.failed) },
      { id: 'chinese', icon: 'language', title: '简体中文', run: () => void settings.setLanguage('zh-CN').catch(toasts.failed) },
    );
    if (key) list.push({ id: 'copy-key', icon: 'key', title: t('palette.copyKey'), run: () => copy(key) });
    if (status.value?.paused !== undefined) {
      const paused = status.value.paused;
      list.push({ id: 'pause', icon: paused ? 'play' : 'pause', title: t(paused ? 'home.resume' : 'home.pause'), run: () => void status.pause(!paused).catch(toasts.failed) });
    }
    return list;
  },
};

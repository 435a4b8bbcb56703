//! The settings. Language and theme are also kept here in the browser, so that the first paint is right.

import * as api from '../api/routes';
import type { Settings } from '../api/types';
import { speak, systemLocale, type Locale } from '../i18n/index.svelte';

export type Theme = 'system' | 'light' | 'dark';
export type Language = 'system' | Locale;

let value = $state.raw<Settings | null>(null);
let theme = $state<Theme>((localStorage.getItem('theme') as Theme | null) ?? 'system');
let language = $state<Language>((localStorage.getItem('language') as Language | null) ?? 'system');
let dark = $state(false);

const night = matchMedia('(prefers-color-scheme: dark)');
night.addEventListener('change', paint);
addEventListener('languagechange', () => void talk());

function paint(): void {
  dark = theme === 'dark' || (theme === 'system' && night.matches);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
}

function talk(): Promise<void> {
  return speak(language === 'system' ? systemLocale() : language);
}

export const settings = {
  get value(): Settings | null {
    return value;
  },
  get theme(): Theme {
    return theme;
  },
  get language(): Language {
    return language;
  },
  /** For what draws on a canvas and cannot follow CSS. */
  get dark(): boolean {
    return dark;
  },
  /** Before anything is drawn. */
  async start(): Promise<void> {
    paint();
    await talk();
  },
  take(fresh: Settings): void {
    value = fresh;
    if (fresh.theme && fresh.theme !== theme) show(fresh.theme);
    if (fresh.language && fresh.language !== language) void say(fresh.language);
  },
  async refresh(): Promise<void> {
    this.take(await api.settings.show());
  },
  async change(changes: Partial<Settings> | Record<string, unknown>): Promise<void> {
    this.take(await api.settings.change(changes));
  },
  /** At once here; the backend hears of it when it keeps such a setting. */
  async setTheme(chosen: Theme): Promise<void> {
    show(chosen);
    if (value?.theme) await this.change({ theme: chosen });
  },
  async setLanguage(chosen: Language): Promise<void> {
    await say(chosen);
    if (value?.language) await this.change({ language: chosen });
  },
};

function show(chosen: Theme): void {
  theme = chosen;
  localStorage.setItem('theme', chosen);
  paint();
}

async function say(chosen: Language): Promise<void> {
  language = chosen;
  localStorage.setItem('language', chosen);
  await talk();
}

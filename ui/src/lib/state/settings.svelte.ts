//! The settings. Language and theme come with the page, so that the first paint is right.

import { ApiFailure } from '../api/failure';
import * as api from '../api/routes';
import type { Settings } from '../api/types';
import { speak, systemLocale, type Locale } from '../i18n/index.svelte';

export type Theme = 'system' | 'light' | 'dark';
export type Language = 'system' | Locale;

let value = $state.raw<Settings | null>(null);
const page = document.documentElement.dataset;
let theme = $state((page['colours'] ?? 'system') as Theme);
let language = $state((page['language'] ?? 'system') as Language);
let dark = $state(false);

const night = matchMedia('(prefers-color-scheme: dark)');
night.addEventListener('change', paint);
addEventListener('languagechange', () => void talk());

function paint(): void {
  dark = theme === 'dark' || (theme === 'system' && night.matches);
  page['theme'] = dark ? 'dark' : 'light';
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
  /** What is on the screen now, also where the theme is the system's. */
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
    if (fresh.theme !== theme) show(fresh.theme);
    if (fresh.language !== language) void say(fresh.language);
  },
  async refresh(): Promise<void> {
    this.take(await api.settings.show());
  },
  async change(changes: Partial<Settings> | Record<string, unknown>): Promise<void> {
    this.take(await api.settings.change(changes));
  },
  /** Moves the proxy to the first free port after `taken`. Throws when the ten that follow are taken too. */
  async nextPort(taken: number): Promise<void> {
    for (let port = taken + 1; ; port++) {
      try {
        return await this.change({ port });
      } catch (error) {
        if (!(error instanceof ApiFailure && error.code === 'port_taken') || port > taken + 9) throw error;
      }
    }
  },
  /** Shown at once, then kept. */
  async setTheme(chosen: Theme): Promise<void> {
    show(chosen);
    await this.change({ theme: chosen });
  },
  async setLanguage(chosen: Language): Promise<void> {
    await say(chosen);
    await this.change({ language: chosen });
  },
};

function show(chosen: Theme): void {
  theme = chosen;
  paint();
}

async function say(chosen: Language): Promise<void> {
  language = chosen;
  await talk();
}

//! Every text of the window. Keys are typed by the English dictionary; `complete.ts` makes a key that the Chinese
//! one lacks a compile error. A build turns the keys into numbers (`build/compact-i18n.ts`).

import en from './en.json';
import { fill, type Message, type Params } from './message';
import { names } from './names';

export type Key = keyof typeof en;
export type Locale = 'en' | 'zh-CN';
export type Dictionary = Record<Key, Message>;

let current = $state.raw<{ locale: Locale; dictionary: Dictionary }>({ locale: 'en', dictionary: en });

function text(key: Key, params: Params = {}): string {
  return fill(current.dictionary[place(key)], params, current.locale);
}

/** The text of `key` in the person's language. A `count` among the params chooses the plural form. */
export const t: typeof text = new Proxy(text, {
  // What a build makes of `t('some.key')`.
  get: (_, key) => text(key as Key),
});

function place(key: string): Key {
  return (names[key] ?? key) as Key;
}

/** The text of a key that was put together from data, or null when there is none. */
export function known(key: string, params: Params = {}): string | null {
  return Object.hasOwn(current.dictionary, place(key)) ? t(key as Key, params) : null;
}

export function locale(): Locale {
  return current.locale;
}

export function systemLocale(languages: readonly string[] = navigator.languages): Locale {
  for (const language of languages) {
    if (language.toLowerCase().startsWith('zh')) return 'zh-CN';
    if (language.toLowerCase().startsWith('en')) return 'en';
  }
  return 'en';
}

/** Switches the language; everything on screen follows at once. */
export async function speak(language: Locale): Promise<void> {
  const dictionary: Dictionary = language === 'en' ? en : (await import('./zh-CN.json')).default;
  current = { locale: language, dictionary };
  document.documentElement.lang = language;
}

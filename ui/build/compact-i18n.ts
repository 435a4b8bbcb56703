//! Takes the keys of the texts out of the bundle. In the sources a text is named, `t('home.today')`, and the names are
//! checked by the compiler; in the bundle it is a number, and a dictionary is a list. Names and their repetition in
//! every component would be a tenth of everything a browser loads. Names that are put together from data
//! (`error.${code}`) keep an index.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Plugin } from 'vite';

export function compactTexts(source: string): Plugin {
  const folder = join(source, 'lib/i18n');
  const read = (name: string): Record<string, unknown> => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;
  // The tray's texts are read by the desktop shell alone.
  const keys = Object.keys(read('en.json')).filter((key) => !key.startsWith('tray.'));
  const place = new Map(keys.map((key, index) => [key, index]));

  return {
    name: 'compact-texts',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      const path = id.split('?')[0] ?? '';
      if (!path.startsWith(source)) return null;
      if (path.startsWith(folder) && path.endsWith('.json')) {
        const texts = JSON.parse(code) as Record<string, unknown>;
        return { code: JSON.stringify(keys.map((key) => texts[key])), map: null };
      }
      if (path === join(folder, 'names.ts')) {
        const runs = JSON.stringify(indexed(source, keys));
        return { code: `export const names = {};\nfor (const [family, at, words] of ${runs}) words.split(' ').forEach((word, index) => (names[family + word] = at + index));`, map: null };
      }
      if (!/\.(svelte|ts)$/.test(path)) return null;
      // Only a whole literal that is a key; a key has a dot in it and is nothing else. A text without parameters is
      // read like a member: the compiler makes a closure of every call in a template, and none of a member.
      const short = code
        .replace(/\bt\('([a-z]\w*(?:\.\w+)+)'\)/g, (call, key: string) => (place.has(key) ? `t[${place.get(key)}]` : call))
        .replace(/'([a-z]\w*(?:\.\w+)+)'/g, (literal, key: string) => String(place.get(key) ?? literal));
      return { code: short, map: null };
    },
  };
}

/** The places of all keys that begin like a template literal of the sources, as runs of neighbours: a family, the place
 *  of its first, and the words after the family's name. */
function indexed(source: string, keys: string[]): [string, number, string][] {
  const prefixes = new Set<string>();
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(svelte|ts)$/.test(file)) continue;
    for (const [, prefix = ''] of readFileSync(join(source, file), 'utf8').matchAll(/`([a-z]\w*(?:\.\w+)*\.)\$\{/g)) prefixes.add(prefix);
  }
  // The longest name of a family first: `usage.range.today` is one of `usage.range.`, should there be `usage.` too.
  const families = [...prefixes].sort((a, b) => b.length - a.length);
  const runs: [string, number, string][] = [];
  keys.forEach((key, at) => {
    const family = families.find((prefix) => key.startsWith(prefix));
    if (family === undefined) return;
    const word = key.slice(family.length);
    const last = runs.at(-1);
    if (last && last[0] === family && last[1] + last[2].split(' ').length === at) last[2] += ` ${word}`;
    else runs.push([family, at, word]);
  });
  return runs;
}

//! Leaves out of libraries what this window never uses. A version that looks otherwise fails the build, and its rule here
//! can go or must be looked at.

import type { Plugin } from 'vite';

type Rule = { file: RegExp; change: (code: string) => string | null };

const GUARD = 'export let hydrating = false;';
const SETTER = /export function set_hydrating\(value\) \{\s*hydrating = value;\s*\}/;

/** A construct of markdown that is turned off by its name (`lib/markdown/parse.ts`) needs no code. */
const off = (name: string): Rule => ({
  file: new RegExp(`micromark-core-commonmark/lib/${name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}\\.js$`),
  change: (code) => (code.includes(`export const ${name} = {`) ? `export const ${name} = { name: '${name}', tokenize: (effects, ok, nok) => nok };` : null),
});

const RULES: Rule[] = [
  // Svelte guards by one variable what takes over a page that a server has rendered. This window is never rendered by a
  // server, and bundlers leave out what a constant guards.
  {
    file: /svelte\/src\/internal\/client\/dom\/hydration\.js$/,
    change: (code) =>
      code.includes(GUARD) && SETTER.test(code) ? code.replace(GUARD, GUARD.replace('let', 'const')).replace(SETTER, 'export function set_hydrating() {}') : null,
  },
  off('htmlFlow'),
  off('htmlText'),
];

export function unused(): Plugin {
  const left = new Set(RULES);
  return {
    name: 'unused',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      const rule = RULES.find(({ file }) => file.test(id));
      if (!rule) return null;
      const changed = rule.change(code);
      if (changed === null) throw new Error(`${id} is not as it was`);
      left.delete(rule);
      return { code: changed, map: null };
    },
    buildEnd(error) {
      if (!error && left.size > 0) throw new Error(`not found: ${[...left].map(({ file }) => file.source).join(', ')}`);
    },
  };
}

//! Leaves out of Svelte what takes over a page that a server has rendered: this window is never rendered by a server.
//! Svelte guards all of it by one variable, which bundlers may treat as a constant when they see that nobody changes it;
//! ours does not see it. A version of Svelte that looks otherwise fails the build, and this file can go.

import type { Plugin } from 'vite';

const GUARD = 'export let hydrating = false;';
const SETTER = /export function set_hydrating\(value\) \{\s*hydrating = value;\s*\}/;

export function noHydration(): Plugin {
  return {
    name: 'no-hydration',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      if (!/svelte\/src\/internal\/client\/dom\/hydration\.js$/.test(id)) return null;
      if (!code.includes(GUARD) || !SETTER.test(code)) throw new Error(`${id} is not as it was`);
      return { code: code.replace(GUARD, GUARD.replace('let', 'const')).replace(SETTER, 'export function set_hydrating() {}'), map: null };
    },
  };
}

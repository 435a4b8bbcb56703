//! Keys that work everywhere. A screen that can filter registers how to focus its filter.

import { go, SCREENS } from './route.svelte';

let palette = $state(false);
let filter: (() => void) | null = null;

export const modifier = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘' : 'Ctrl';

export const shortcuts = {
  get palette(): boolean {
    return palette;
  },
  set palette(open: boolean) {
    palette = open;
  },
  /** Ctrl/Cmd+F comes here while the screen lives. Returns how to stop. */
  onFilter(focus: () => void): () => void {
    filter = focus;
    return () => {
      if (filter === focus) filter = null;
    };
  },
  onkeydown(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    const screen = SCREENS[Number(event.key) - 1];
    if (event.key.toLowerCase() === 'k') palette = !palette;
    else if (event.key.toLowerCase() === 'f' && filter) filter();
    else if (screen) go(screen);
    else return;
    event.preventDefault();
  },
};

/** True while the person types: single letters are text then. */
export function typing(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  return target?.matches('input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable]') ?? false;
}

//! Short messages that go away by themselves, with at most one thing to do.

import { explain } from '../api/failure';

export type Toast = {
  id: number;
  kind: 'info' | 'ok' | 'error';
  text: string;
  action?: { label: string; run: () => void };
};

let list = $state.raw<Toast[]>([]);
let next = 0;

export const toasts = {
  get list(): Toast[] {
    return list;
  },
  show(kind: Toast['kind'], text: string, action?: Toast['action'], seconds = action ? 10 : 5): void {
    const id = next++;
    // What is said again takes the place of what was said; what can be undone is something of its own each time.
    const others = list.filter((toast) => toast.action || toast.kind !== kind || toast.text !== text);
    list = [...others.slice(-3), { id, kind, text, ...(action && { action }) }];
    setTimeout(() => this.close(id), seconds * 1000);
  },
  ok(text: string, action?: Toast['action']): void {
    this.show('ok', text, action);
  },
  failed(error: unknown): void {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    this.show('error', explain(error), undefined, 8);
  },
  close(id: number): void {
    list = list.filter((toast) => toast.id !== id);
  },
};

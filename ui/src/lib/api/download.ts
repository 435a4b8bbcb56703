//! Downloads go through fetch, because a plain link cannot carry the key.

import { send } from './client';

export async function download(path: string, name: string): Promise<void> {
  save(await (await send('GET', path)).blob(), name);
}

export function save(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

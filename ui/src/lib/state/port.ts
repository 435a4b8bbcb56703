//! Where the proxy listens may change under the page.

import type { Status } from '../api/types';

/** Where it listened when this page was loaded; null before it was asked, an empty text while it listened nowhere. */
let known: string | null = null;

/** Goes where the proxy went. What it serves itself moves with it; a page from a port of its own has to be loaded anew,
 *  for its policy names the places where the proxy was. */
export function followProxy({ port, addresses }: Pick<Status, 'port' | 'addresses'>): void {
  const now = addresses.join(' ');
  const before = known;
  known = now;
  if (before === null || before === now || port === null) return;
  if (before.split(' ').some((address) => address.endsWith(`:${location.port}`))) location.port = String(port);
  else location.reload();
}

//! Where the proxy listens may change under the page.

let known: number | null = null;

/** Goes where the proxy went. What it serves itself moves with it; a page from a port of its own has to be loaded anew,
 *  for its policy names the proxy's old one. */
export function followPort(port: number | null): void {
  const before = known;
  known = port ?? known;
  if (before === null || port === null || before === port) return;
  if (String(before) === location.port) location.port = String(port);
  else location.reload();
}

//! Prints all that a window has on its way through every screen: what it shows, what is in its fields, what it keeps. Its
//! address is the argument. `cargo xtask survive` looks for secrets in it.

import { startBrowser, Window } from './harness/window.mjs';

const SCREENS = ['home', 'accounts', 'chat', 'clients', 'logs', 'logs?errors=1', 'usage', 'diagnostics',
  ...['general', 'proxy', 'routing', 'network', 'privacy', 'security', 'data', 'about'].map((section) => `settings/${section}`)];

const browser = await startBrowser();
try {
  const window = await Window.open(browser, process.argv[2]);
  await window.settled();
  for (const screen of SCREENS) {
    await window.go(`#/${screen}`);
    const seen = await window.page.evaluate(async () => ({
      page: document.documentElement.outerHTML,
      fields: [...document.querySelectorAll('input, textarea, select')].map(({ value }) => value),
      kept: [localStorage, sessionStorage].map((kept) => Object.entries(kept)),
      cookies: document.cookie,
      databases: await indexedDB.databases(),
    }));
    console.log(screen, JSON.stringify(seen));
  }
} finally {
  await browser.close();
}

//! What journeys stand on.

import { after, before, test } from 'node:test';

import { Product, startEmulator } from './processes.mjs';
import { startBrowser, Window } from './window.mjs';

/** One product, emulator (as `allowance` says) and browser for all journeys of a file; `prepare` comes before the first. */
export function stage(prepare = async () => undefined, allowance = {}) {
  const held = {
    /** A test with a window past the first run, in a browser context of its own. */
    journey(name, walk, options = {}) {
      test(name, async () => {
        const window = await Window.open(held.browser, await held.product.invite(), options);
        try {
          await window.page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
          await window.settled();
          await walk(window, window.page);
        } catch (error) {
          await window.picture(`failed ${name}`).catch(() => undefined);
          if (window.problems.length > 0) console.error(window.problems.join('\n'));
          throw error;
        }
        await window.close();
      });
    },
  };
  before(async () => {
    held.emulator = await startEmulator(allowance);
    held.product = await Product.start();
    held.browser = await startBrowser();
    await held.product.admin('PUT', '/api/settings', { first_run_done: true });
    await prepare(held);
  });
  after(async () => {
    await Promise.all([held.browser?.close(), held.product?.close(), held.emulator?.stop()]);
  });
  return held;
}

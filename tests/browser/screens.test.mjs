//! Everything there is to see, in both languages, themes and sizes: no grave finding of axe, nothing cut, nothing on the
//! console. With `SCREENS` a picture of each is kept.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, test } from 'node:test';

import { Product } from './harness/processes.mjs';
import { stage } from './harness/stage.mjs';
import { away, EMPTY, FIRST_RUN, LIVED_IN, LOCKED, say } from './harness/views.mjs';
import { Window } from './harness/window.mjs';
import { furnish, MOSTLY_USED } from './harness/world.mjs';

const held = stage(async ({ product, emulator }) => {
  held.world = await furnish(product, emulator);
  held.fresh = await Product.start();
  held.locked = await Product.start();
  await held.locked.admin('PUT', '/api/secrets/protection', { slot: 'passphrase', passphrase: 'a long passphrase' });
}, MOSTLY_USED);
after(() => Promise.all([held.world?.stop(), held.fresh?.close(), held.locked?.close()]));

const LOOKS = [
  { locale: 'en', theme: 'light', size: [1440, 900] },
  { locale: 'en', theme: 'dark', size: [820, 560] },
  { locale: 'zh-CN', theme: 'light', size: [820, 560] },
  { locale: 'zh-CN', theme: 'dark', size: [1440, 900] },
];
if (process.env['LOOKS'] === 'all') {
  LOOKS.push(...LOOKS.map(({ size, ...look }) => ({ ...look, size: size[0] === 820 ? [1440, 900] : [820, 560] })));
}
const ONLY = process.env['VIEWS']?.split(',');

for (const look of LOOKS) {
  const { locale, theme, size } = look;
  const name = `${locale}-${theme}-${size[0]}`;
  /** Goes through `views` and says what is wrong with them. */
  const tour = async (window, views) => {
    const { page } = window;
    const found = [];
    for (const [view, open] of Object.entries(views)) {
      if (ONLY && !ONLY.includes(view)) continue;
      try {
        await away(page);
        await open({ window, page, t: say(locale), world: held.world });
        await window.settled();
      } catch (error) {
        found.push(`${view}: ${error}`);
      }
      await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
      await page.mouse.move(size[0] - 1, 1);
      await window.picture(`${name}/${view}`);
      found.push(...(await window.findings()).map((finding) => `${view}: ${finding}`));
    }
    assert.deepEqual(found, []);
    assert.equal(await page.locator('html').getAttribute('lang'), locale);
    assert.equal(await page.locator('html').getAttribute('data-theme'), theme);
  };

  held.journey(`every screen after weeks of work, ${name}`, (window) => tour(window, LIVED_IN), look);

  test(`every screen at the beginning, ${name}`, async () => {
    await held.fresh.admin('PUT', '/api/settings', { first_run_done: true });
    const window = await Window.open(held.browser, await held.fresh.invite(), look);
    await window.settled();
    await tour(window, EMPTY);
    await window.close();
  });

  test(`the first run, ${name}`, async () => {
    await held.fresh.admin('PUT', '/api/settings', { first_run_done: false });
    const window = await Window.open(held.browser, await held.fresh.invite(), look);
    await window.settled();
    await tour(window, FIRST_RUN);
    await window.close();
  });

  test(`what is locked, ${name}`, async () => {
    await held.locked.end();
    await held.locked.begin();
    const window = await Window.open(held.browser, held.locked.invitation, look);
    await tour(window, LOCKED);
    await window.close();
  });

  test(`what is wrong is told, ${name}`, async () => {
    const token = await Window.open(held.browser, 'about:blank', look);
    token.expected = [401];
    await token.page.goto(held.product.url);
    await tour(token, { gate: ({ page, t }) => page.getByLabel(t('gate.token.label')).waitFor() });
    await token.close();

    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const own = await Product.start(['--port', String(taken.address().port), '--admin-port', '0']);
    try {
      own.url = new URL(own.invitation).origin;
      const window = await Window.open(held.browser, own.invitation, look);
      await window.page.getByRole('button', { name: say(locale)('first.skip') }).click();
      await window.settled();
      await tour(window, {
        'port-taken': ({ window }) => window.go('#/home'),
        'port-taken-banner': ({ window }) => window.go('#/clients'),
        paused: async ({ window, page, t }) => {
          await own.admin('POST', '/api/proxy/pause');
          await window.go('#/home');
          await page.getByText(t('home.state.paused'), { exact: true }).waitFor();
        },
        'backend-gone': async ({ page, t }) => {
          await own.end();
          await page.getByText(t('banner.lost')).waitFor();
        },
      });
      // Nobody answered its questions.
      window.problems = [];
      await window.close();
    } finally {
      taken.close();
      await own.close();
    }
  });
}

held.journey('Chinese is chosen, and everything follows at once', async (window, page) => {
  await window.go('#/settings/general');
  await page.getByText('简体中文').click();
  await page.getByRole('heading', { name: '设置', level: 1 }).waitFor();
  await page.getByRole('link', { name: '首页' }).click();
  await page.getByText('当前账号').waitFor();
  assert.equal((await held.product.admin('GET', '/api/settings')).language, 'zh-CN');
  await held.product.admin('PUT', '/api/settings', { language: 'system' });
  // A change from elsewhere is followed too.
  await page.getByText('Active account').waitFor();
});

//! Every screen, with something to show, in both languages, themes and sizes: no grave finding of axe, nothing cut,
//! nothing on the console.

import assert from 'node:assert/strict';

import { stage } from './harness/stage.mjs';

const held = stage(async ({ product, emulator }) => {
  await product.bedrock('Work', emulator);
  for (const prompt of ['hello', '[[fault:status 403]] hello', 'Tell me more', '[[fault:throttle 1]] once']) await product.ask(prompt);
});

const SCREENS = [
  'home', 'accounts', 'chat', 'clients', 'logs', 'usage', 'diagnostics',
  ...['general', 'proxy', 'routing', 'network', 'privacy', 'security', 'data', 'about'].map((section) => `settings/${section}`),
];
const LOOKS = [
  { locale: 'en', theme: 'light', size: [1440, 900] },
  { locale: 'en', theme: 'dark', size: [820, 560] },
  { locale: 'zh-CN', theme: 'light', size: [820, 560] },
  { locale: 'zh-CN', theme: 'dark', size: [1440, 900] },
];

for (const look of LOOKS) {
  const { locale, theme, size } = look;
  held.journey(`every screen, ${locale}, ${theme}, ${size.join('x')}`, async (window, page) => {
    const found = [];
    for (const screen of SCREENS) {
      await window.go(`#/${screen}`);
      await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
      await window.picture(`${screen.replace('/', '-')} ${locale} ${theme} ${size[0]}`);
      found.push(...(await window.findings()).map((finding) => `${screen}: ${finding}`));
    }
    assert.deepEqual(found, []);
    assert.equal(await page.locator('html').getAttribute('lang'), locale);
    assert.equal(await page.locator('html').getAttribute('data-theme'), theme);
  }, look);
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

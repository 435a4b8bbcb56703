//! Without a mouse: from the first run to an account, an answer and the log.

import assert from 'node:assert/strict';

import { ACCESS_KEY } from './harness/processes.mjs';
import { stage } from './harness/stage.mjs';

const held = stage(({ product }) => product.admin('PUT', '/api/settings', { first_run_done: false }));

held.journey('keyboard only', async (window, page) => {
  const { keyboard } = page;
  const focused = () => page.evaluate(() => {
    const { activeElement: node } = document;
    return { name: node?.getAttribute('aria-label') ?? node?.labels?.[0]?.textContent?.trim() ?? node?.textContent?.trim() ?? '', tag: node?.tagName ?? '', ring: [node, node?.closest('form')].some((shown) => shown && (getComputedStyle(shown).outlineStyle !== 'none' || getComputedStyle(shown).boxShadow !== 'none')) };
  });
  /** Tabs to what is called so; what has the focus must show it. */
  const reach = async (name, most = 60) => {
    const seen = [];
    for (let step = 0; step < most; step++) {
      const now = await focused();
      if (now.name === name || (name instanceof RegExp && name.test(now.name))) {
        assert.ok(now.ring, `${now.name} shows the focus`);
        return;
      }
      seen.push(now.name.slice(0, 30));
      await keyboard.press('Tab');
    }
    assert.fail(`${name} is not reached; passed ${seen.join(', ')}`);
  };

  // First run.
  for (let step = 0; step < 4; step++) {
    await reach('Next');
    await keyboard.press('Enter');
    await page.waitForFunction((at) => document.querySelectorAll('.first .steps .done').length === at, step + 1);
  }
  await reach('Send a test');
  await keyboard.press('Enter');
  await page.locator('.first li', { hasText: '200' }).waitFor();
  await reach('Done');
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Home', level: 1 }).waitFor();

  // The palette leads anywhere.
  await keyboard.press('ControlOrMeta+K');
  await page.getByRole('combobox').waitFor();
  await keyboard.type('add account');
  await keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await reach(/^Amazon Bedrock/);
  await keyboard.press('Space');
  await dialog.getByLabel('Access key ID').waitFor();
  await reach('Name');
  await keyboard.press('ControlOrMeta+A');
  await keyboard.type('Keys');
  await reach('Access key ID');
  await keyboard.type(ACCESS_KEY.id);
  await reach('Secret access key');
  await keyboard.type(ACCESS_KEY.secret);
  await reach('Advanced');
  await keyboard.press('Enter');
  await reach(/^Endpoint/);
  await keyboard.type(held.emulator.url);
  await keyboard.press('Enter');
  await dialog.getByText(/answered in/).waitFor();
  await keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });

  // A number goes to a screen; the composer takes the words.
  await keyboard.press('ControlOrMeta+3');
  await page.getByRole('form', { name: 'Write a message' }).waitFor();
  await reach('Message…');
  await keyboard.type('typed, not clicked');
  await keyboard.press('Enter');
  await page.locator('article[aria-busy="false"]').getByText('typed, not clicked').waitFor();

  // The log is walked with J and K.
  await keyboard.press('ControlOrMeta+5');
  await page.locator('[role="row"][id^="log-"]').first().waitFor();
  await page.evaluate(() => document.activeElement?.blur());
  await keyboard.press('j');
  await page.locator('[role="row"][aria-selected="true"]').waitFor();
  await keyboard.press('Enter');
  await dialog.getByText('/v1/messages').first().waitFor();
  await keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

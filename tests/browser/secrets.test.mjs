//! Where secrets are, and the way out when their key is away.

import assert from 'node:assert/strict';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { stage } from './harness/stage.mjs';
import { Window } from './harness/window.mjs';

const held = stage(async ({ product, emulator }) => {
  await product.bedrock('work', emulator);
  await product.bedrock('old job', emulator);
});

const keys = () => join(held.product.home, '.config', 'switchboard', 'keys');

/** Starts the product again, at the same address. */
async function restart(change = () => undefined) {
  const port = new URL(held.product.url).port;
  const { key } = held.product;
  await held.product.end();
  change();
  await held.product.begin(['--port', port]);
  held.product.key = key;
}

held.journey('every credential is listed with its place, and one is forgotten', async (window, page) => {
  assert.equal((await held.product.ask('hello')).status, 200);
  await window.go('#/settings/security');
  await page.getByText('Reduced protection').waitFor();
  const line = page.locator('.line', { hasText: 'work' }).first();
  await line.getByText('encrypted here').waitFor();
  assert.deepEqual(await window.findings(), []);
  await window.picture('settings-secrets');
  await page.locator('.line', { hasText: 'old job' }).getByRole('button', { name: 'Forget' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
  await page.locator('.line', { hasText: 'old job' }).waitFor({ state: 'detached' });
  const { accounts } = await held.product.admin('GET', '/api/accounts/removed');
  assert.deepEqual(accounts, []);
});

held.journey('a recovery key opens what is locked, and so does the passphrase', async (window, page) => {
  await window.go('#/settings/security');
  const line = page.locator('.line', { hasText: 'Recovery key' });
  await line.getByText('None yet', { exact: false }).waitFor();
  await line.getByRole('button').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Make a new one' }).click();
  const recovery = await dialog.locator('code').textContent();
  assert.match(recovery, /^([0-9A-Z]{4}-){7}[0-9A-Z]{4}$/);
  assert.deepEqual(await window.findings(), []);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Move the key' }).click();
  await dialog.getByRole('radiogroup').getByText('Passphrase').click();
  await dialog.getByRole('textbox').fill('a long passphrase');
  await dialog.getByRole('button', { name: 'Move the key' }).click();
  await page.getByText('Reduced protection').waitFor({ state: 'detached' });
  assert.deepEqual(readdirSync(keys()), []);

  window.problems = [];
  await restart();
  for (const entered of [recovery.toLowerCase(), 'a long passphrase']) {
    const other = await Window.open(held.browser, held.product.invitation);
    await other.page.getByRole('heading', { name: 'Stored secrets are locked' }).waitFor();
    assert.deepEqual(await other.findings(), []);
    await other.picture('locked');
    const refused = await held.product.ask('hello');
    assert.equal(refused.status, 503);
    other.expected = [403];
    const field = other.page.getByLabel('Passphrase', { exact: false });
    await field.fill('not this one');
    await other.button('Unlock').click();
    await other.page.getByRole('alert').getByText('neither', { exact: false }).waitFor();
    await field.fill(entered);
    await other.button('Unlock').click();
    await other.page.getByRole('navigation').first().waitFor();
    assert.equal((await held.product.ask('hello')).account, 'work');
    await other.close();
    await restart();
  }
  const other = await Window.open(held.browser, held.product.invitation);
  await other.page.getByLabel('Passphrase', { exact: false }).fill('a long passphrase');
  await other.button('Unlock').click();
  await other.page.getByRole('navigation').first().waitFor();
  await held.product.admin('PUT', '/api/secrets/protection', { slot: 'key_file' });
  await other.close();
  window.problems = [];
});

held.journey('a key that comes back opens the window by itself', async (window, page) => {
  window.problems = [];
  const [name] = readdirSync(keys());
  const away = join(held.product.home, name);
  await restart(() => renameSync(join(keys(), name), away));
  const other = await Window.open(held.browser, held.product.invitation, { locale: 'zh-CN' });
  await other.page.getByText('没有密钥').waitFor();
  await other.picture('locked-zh');
  assert.deepEqual(await other.findings(), []);
  renameSync(away, join(keys(), name));
  await other.page.getByRole('navigation').first().waitFor();
  await other.close();
  window.problems = [];
  await page.reload();
});

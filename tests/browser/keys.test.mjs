//! A key for somebody else: models it may ask, a budget that stops it, and its end.

import assert from 'node:assert/strict';

import { stage } from './harness/stage.mjs';

const held = stage(({ product, emulator }) => product.bedrock('Work', emulator));

/** Asks as an editor that has the key; the status and the sentence it is told. */
async function ask(key, model, path = '/v1/messages') {
  const answer = await fetch(held.product.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
    body: JSON.stringify({ model, max_tokens: 64, messages: [{ role: 'user', content: 'hello' }] }),
  });
  const body = await answer.json();
  return { status: answer.status, message: body.error?.message ?? '' };
}

held.journey('a key with a list of models and a budget that stops', async (window, page) => {
  await window.go('#/settings/proxy');
  await window.button('Add a key').click();
  let dialog = page.getByRole('dialog', { name: 'Add a key' });
  await dialog.getByLabel('Name').fill('Intern');
  await dialog.getByLabel('Models').fill('claude-haiku-*');
  await dialog.getByLabel('USD a month').fill('0.00001');
  await dialog.getByLabel('Good until').fill('2999-12-31');
  await dialog.getByLabel('Account').selectOption({ label: 'Work' });
  assert.deepEqual(await window.findings(), []);
  await window.picture('key-new');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('not shown again').waitFor();
  const key = await dialog.locator('code').innerText();
  assert.match(key, /^sk-switchboard-[0-9a-f]{64}$/);
  await window.picture('key-made');
  await page.keyboard.press('Escape');

  assert.equal((await ask(key, 'claude-sonnet-4-5')).status, 403);
  assert.equal((await ask(key, 'claude-haiku-4-5')).status, 200);
  const row = page.locator('.line', { hasText: 'Intern' });
  await row.getByText('claude-haiku-*').waitFor();
  // What was spent is seen as it is spent.
  await row.locator('time').waitFor();
  const stopped = await ask(key, 'claude-haiku-4-5');
  assert.deepEqual([stopped.status, /Intern has spent its/.test(stopped.message)], [402, true], stopped.message);
  assert.equal((await ask(key, 'claude-haiku-4-5', '/v1/chat/completions')).status, 429);
  assert.equal((await held.product.ask('the person goes on')).status, 200);
  await window.picture('key-spent');

  await window.button('Edit Intern').click();
  dialog = page.getByRole('dialog', { name: 'Intern' });
  assert.equal(await dialog.getByLabel('Good until').inputValue(), '2999-12-31');
  await dialog.getByLabel('USD a month').fill('5');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await window.told('Saved');
  assert.equal((await ask(key, 'claude-haiku-4-5')).status, 200);

  await window.button('Edit Intern').click();
  await dialog.getByRole('button', { name: 'Replace' }).click();
  await dialog.getByText('not shown again').waitFor();
  assert.equal((await ask(key, 'claude-haiku-4-5')).status, 401);
  await page.keyboard.press('Escape');
  await window.button('Edit Intern').click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await row.waitFor({ state: 'detached' });
  assert.equal((await held.product.admin('GET', '/api/keys')).keys.length, 1);
});

held.journey('a limit that cannot be is told at once', async (window, page) => {
  await window.go('#/settings/proxy');
  await window.button('Edit local').click();
  const dialog = page.getByRole('dialog', { name: 'local' });
  assert.equal(await dialog.getByLabel('Good until').count(), 0, 'it does not expire');
  await dialog.getByLabel('USD a month').fill('1000000');
  window.expected = [400];
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByRole('alert').getByText('usd_per_month').waitFor();
  assert.equal((await held.product.admin('GET', '/api/keys')).keys[0].rules.usd_per_month, null);
});

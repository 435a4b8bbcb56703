//! From the address that the program prints to the first answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stage } from './harness/stage.mjs';
import { Window } from './harness/window.mjs';

const held = stage(({ product }) => product.admin('PUT', '/api/settings', { first_run_done: false }));

test('first run to first answer', async () => {
  const window = await Window.open(held.browser, held.product.invitation);
  const { page } = window;
  await page.getByRole('heading', { name: 'Welcome to Switchboard' }).waitFor();
  assert.equal(new URL(page.url()).hash, '', 'the token is gone from the address');
  assert.deepEqual(await window.findings(), []);
  await window.picture('first-run-1');
  await window.button('Next').click();
  await page.getByRole('heading', { name: 'Which account shall answer?' }).waitFor();
  await page.getByText('Sandbox', { exact: true }).first().waitFor();
  await window.picture('first-run-2');
  await window.button('Next').click();
  await page.getByText(/answered in/).waitFor();
  await window.picture('first-run-3');
  await window.button('Next').click();
  await page.getByText(held.product.url, { exact: true }).waitFor();
  await page.getByText('Claude Code', { exact: true }).waitFor();
  assert.deepEqual(await window.findings(), []);
  await window.picture('first-run-4');
  await window.button('Next').click();
  await window.button('Send a test').click();
  // The row comes by the stream of events.
  const row = page.locator('.first li', { hasText: '200' });
  await row.waitFor();
  assert.deepEqual(await window.findings(), []);
  await window.picture('first-run-5');
  await window.button('Done').click();
  await page.getByRole('heading', { name: 'Home', level: 1 }).waitFor();
  await window.picture('home-after-first-run');
  // It is done for good, in any browser.
  assert.equal((await held.product.admin('GET', '/api/settings')).first_run_done, true);
  await window.close();
});

test('an address opens the window once', async () => {
  const url = await held.product.invite();
  const first = await Window.open(held.browser, url);
  await first.page.locator('nav').waitFor();
  // A reload keeps the session: its cookie is there.
  await first.page.reload();
  await first.page.locator('nav').waitFor();
  await first.close();

  const second = await Window.open(held.browser, 'about:blank');
  second.expected = [401];
  await second.page.goto(url);
  const field = second.page.getByLabel('One-time token');
  await field.waitFor();
  assert.deepEqual(await second.findings(), []);
  await second.picture('gate');
  await field.fill('0000');
  await second.button('Continue').click();
  await second.page.getByText('That is not right, or it was used before.').waitFor();
  // The whole address may be pasted.
  await field.fill(await held.product.invite());
  await second.button('Continue').click();
  await second.page.locator('nav').waitFor();
  await second.close();
});

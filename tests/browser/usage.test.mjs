//! What was used: a chart that tells its numbers.

import assert from 'node:assert/strict';

import { stage } from './harness/stage.mjs';

const held = stage(async ({ product, emulator }) => {
  await product.bedrock('work', emulator);
  for (let times = 0; times < 3; times++) assert.equal((await product.ask('hello')).status, 200);
});

held.journey('the bar under the pointer tells its numbers', async (window, page) => {
  await window.go('#/usage');
  const legend = page.locator('.legend li', { hasText: 'work' });
  await legend.waitFor();
  await page.getByRole('radio', { name: 'Requests', exact: true }).check();
  assert.equal(await legend.locator('strong').count(), 0);
  // One account, on one day of the seven; an SVG's bar may be hit where it is drawn alone.
  await page.locator('svg path.c1').hover();
  assert.equal(await legend.locator('strong').textContent(), '3');
  await page.mouse.move(1, 1);
  await legend.locator('strong').waitFor({ state: 'detached' });
  assert.equal(await page.locator('table td', { hasText: /^3$/ }).count(), 1);
});

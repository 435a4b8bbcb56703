//! The log: live rows, one row's story, replay, curl, filters.

import assert from 'node:assert/strict';

import { stage } from './harness/stage.mjs';

const held = stage(async ({ product, emulator }) => {
  await product.bedrock('Work', emulator);
  await product.admin('PUT', '/api/settings', { capture: { enabled: true, max_kb: 256, keep_mb: 100 } });
});
const rows = (page) => page.locator('[role="row"][id^="log-"]');

held.journey('a row appears while it happens; its story, its replay and its curl', async (window, page) => {
  await window.go('#/logs');
  await page.getByText('Nothing logged yet').waitFor();
  await window.picture('logs-empty');
  await held.product.ask('from an editor');
  const row = rows(page).first();
  await row.getByText('Claude Code').waitFor();
  await row.getByText('200').waitFor();
  assert.equal(await rows(page).count(), 1);

  await row.click();
  const story = page.getByRole('dialog');
  await story.getByText('/v1/messages').first().waitFor();
  await story.getByText('from an editor').first().waitFor();
  assert.deepEqual(await window.findings(), []);
  await window.picture('logs-detail');

  await story.getByRole('button', { name: 'Copy as curl' }).click();
  await window.told('Copied');
  const command = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(command, /^curl .*\/v1\/messages.*from an editor/s);
  assert.ok(!command.includes(held.product.key), 'the key is not in the command');

  await story.getByRole('button', { name: 'Replay' }).click();
  await window.told('Replayed: HTTP 200');
  await story.getByRole('button', { name: 'Close' }).last().click();
  await rows(page).nth(1).waitFor();
  await rows(page).first().getByText('Switchboard').waitFor();
  await window.picture('logs-live');
});

held.journey('a story closed before its bodies came leaves nothing behind', async (window, page) => {
  await held.product.ask('seen for a moment');
  await window.go('#/logs');
  let close;
  const closed = new Promise((resolve) => { close = resolve; });
  await page.route('**/api/logs/capture/**', async (route) => {
    await closed;
    await route.continue();
  });
  const bodies = page.waitForResponse((answer) => answer.url().includes('/api/logs/capture/'));
  await rows(page).first().click();
  const story = page.getByRole('dialog');
  await story.getByText('/v1/messages').first().waitFor();
  await page.keyboard.press('Escape');
  await story.waitFor({ state: 'detached' });
  close();
  await (await bodies).finished();
  await page.evaluate(() => new Promise((painted) => requestAnimationFrame(painted)));
});

held.journey('a refusal is told in words, and found by the filter', async (window, page) => {
  await held.product.ask('[[fault:status 403]] hello');
  await window.go('#/logs?errors=1');
  const row = rows(page).first();
  await row.waitFor();
  assert.equal(await rows(page).count(), 1);
  await row.click();
  const story = page.getByRole('dialog');
  await story.locator('.note.bad').waitFor();
  assert.equal(await story.locator('ol > li').count(), 1, 'one attempt is shown once');
  assert.deepEqual(await window.findings(), []);
  await window.picture('logs-error');
});

held.journey('the log is taken along as a file', async (window, page) => {
  await window.go('#/settings/data');
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'CSV' }).click();
  const file = await coming;
  assert.match(file.suggestedFilename(), /\.csv$/);
});

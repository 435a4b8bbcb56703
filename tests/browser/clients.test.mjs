//! Clients connected by their own files: the difference first, a file that changed in between, the way back.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { stage } from './harness/stage.mjs';

const held = stage(({ product, emulator }) => product.bedrock('Work', emulator));

const CLAUDE = '.claude/settings.json';
const CODEX = '.codex/config.toml';
const MINE = '{\n  // mine\n  "env": { "FOO": "bar", "API_KEY": "0123456789abcdef" }\n}\n';

const place = (file) => join(held.product.home, file);
const text = (file) => readFileSync(place(file), 'utf8');
function put(file, content) {
  mkdirSync(dirname(place(file)), { recursive: true });
  writeFileSync(place(file), content);
}

held.journey('a client is connected after its difference was shown, proven by a request, and taken back', async (window, page) => {
  put(CLAUDE, MINE);
  await window.go('#/clients');
  const row = page.locator('li.card', { hasText: 'Claude Code' });
  await row.getByText('Not connected').waitFor();
  await window.button('Connect Claude Code').click();
  let dialog = page.getByRole('dialog', { name: 'Connect Claude Code' });
  const diff = dialog.getByLabel('What changes in the file');
  await diff.getByText('ANTHROPIC_BASE_URL').waitFor();
  const shown = await diff.innerText();
  assert.ok(shown.includes('sk-switchboard-••••') && !shown.includes('0123456789abcdef'), shown);
  assert.equal(text(CLAUDE), MINE, 'a look writes nothing');
  await dialog.getByRole('combobox', { name: 'Model' }).fill('claude-haiku-4-5');
  await diff.getByText('"model": "claude-haiku-4-5"').waitFor();
  assert.deepEqual(await window.findings(), []);
  await window.picture('client-connect');
  await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
  await row.getByText('Set up, no request yet').waitFor();
  const key = /sk-switchboard-[0-9a-f]{64}/.exec(text(CLAUDE))?.[0];
  assert.ok(key && text(CLAUDE).includes('// mine') && text(CLAUDE).includes('"model": "claude-haiku-4-5"'), text(CLAUDE));

  // Another key proves nothing; its own does, and the row turns by the stream of events.
  await held.product.ask('with the key of the person');
  assert.equal(await row.getByText('Connected', { exact: true }).count(), 0);
  await held.product.ask('with its own', { 'x-api-key': key });
  await row.getByText('Connected', { exact: true }).waitFor();
  await row.locator('summary', { hasText: '· Anthropic' }).waitFor();
  await row.locator('summary', { hasText: '2.0.1' }).waitFor();
  await window.picture('client-proven');
  assert.deepEqual(await window.findings(), []);
  await window.go('#/settings/proxy');
  await page.locator('.line', { hasText: 'Claude Code' }).waitFor();

  await window.go('#/clients');
  await window.button('Undo Claude Code').click();
  dialog = page.getByRole('dialog', { name: 'Take Claude Code back' });
  await dialog.getByLabel('What changes in the file').waitFor();
  await window.picture('client-undo');
  await dialog.getByRole('button', { name: 'Undo' }).click();
  await row.getByText('Not connected').waitFor();
  assert.equal(text(CLAUDE), MINE);
  assert.equal((await held.product.ask('too late', { 'x-api-key': key })).status, 401);
});

held.journey('a file that changed since it was shown is shown again', async (window, page) => {
  put(CODEX, '# mine\nmodel = "gpt"\n');
  await window.go('#/clients');
  const row = page.locator('li.card', { hasText: 'Codex' });
  await window.button('Connect Codex').click();
  let dialog = page.getByRole('dialog', { name: 'Connect Codex' });
  await dialog.getByText('model_provider = "switchboard"').waitFor();
  put(CODEX, '# mine, later\nmodel = "gpt"\n');
  window.expected = [409];
  await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
  await dialog.getByRole('alert').getByText('The file was changed in the meantime').waitFor();
  await dialog.getByText('# mine, later').waitFor();
  assert.equal(text(CODEX), '# mine, later\nmodel = "gpt"\n', 'nothing was written');
  assert.deepEqual(await window.findings(), []);
  await window.picture('client-conflict');
  await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
  await row.getByText('Set up, no request yet').waitFor();

  // Between connecting and taking back somebody else writes, too.
  put(CODEX, text(CODEX).replace('claude-sonnet-4-5', 'gpt-of-mine') + '\n[tui]\nnotifications = true\n');
  await page.reload();
  await row.getByText('Changed outside').waitFor();
  await window.button('Undo Codex').click();
  dialog = page.getByRole('dialog', { name: 'Take Codex back' });
  await dialog.getByText('Somebody changed this file since').waitFor();
  await window.picture('client-undo-changed');
  await dialog.getByRole('button', { name: 'Undo' }).click();
  await row.getByText('Not connected').waitFor();
  assert.equal(text(CODEX), '# mine, later\nmodel = "gpt-of-mine"\n\n[tui]\nnotifications = true\n');
});

held.journey('all files are put back at once', async (window, page) => {
  put(CLAUDE, MINE);
  rmSync(place(CODEX), { force: true });
  await window.go('#/clients');
  for (const name of ['Claude Code', 'Codex', 'Zed']) {
    await window.button(`Connect ${name}`).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('What changes in the file').waitFor();
    await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
    if (name === 'Zed') {
      // Its key is the person's to enter.
      await dialog.getByText('Enter this key').waitFor();
      await window.picture('client-key');
      await dialog.getByRole('button', { name: 'Done' }).click();
    }
    await dialog.waitFor({ state: 'detached' });
  }
  await window.button('Restore all').click();
  const dialog = page.getByRole('dialog', { name: 'Restore all' });
  await dialog.getByText('~/.config/zed/settings.json').waitFor();
  assert.deepEqual(await window.findings(), []);
  await window.picture('clients-restore');
  await dialog.getByRole('button', { name: 'Restore all' }).click();
  await window.told('All files are as they were');
  await window.button('Restore all').waitFor({ state: 'detached' });
  assert.equal(text(CLAUDE), MINE);
  assert.ok(!existsSync(place(CODEX)) && !existsSync(place('.config/zed/settings.json')));
});

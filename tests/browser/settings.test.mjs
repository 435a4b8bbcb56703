//! Settings take effect at once and survive a restart.

import assert from 'node:assert/strict';

import { stage } from './harness/stage.mjs';
import { Window } from './harness/window.mjs';

const held = stage();

held.journey('what is changed stays after a restart', async (window, page) => {
  await window.go('#/settings/general');
  await page.getByRole('radiogroup', { name: 'Theme' }).or(page.getByRole('group', { name: 'Theme' })).getByText('Dark').click();
  await page.locator('html[data-theme="dark"]').waitFor();
  await window.go('#/settings/privacy');
  await page.getByLabel('Keep rows for').fill('7');
  await page.keyboard.press('Tab');
  await window.told('Saved');
  await window.go('#/settings/routing');
  await window.picture('settings-routing-dark');

  const before = await held.product.admin('GET', '/api/settings');
  assert.deepEqual([before.theme, before.retention_days], ['dark', 7]);
  await held.product.end();
  // The page tells that nobody answers, and comes back by itself.
  await page.getByText('does not answer', { exact: false }).first().waitFor();
  await window.picture('backend-gone');
  const port = new URL(held.product.url).port;
  window.problems = [];
  await held.product.begin(['--port', port]);
  await page.getByText('does not answer', { exact: false }).first().waitFor({ state: 'detached' });
  window.problems = [];

  const other = await Window.open(held.browser, held.product.invitation);
  await other.page.locator('html[data-theme="dark"]').waitFor();
  await other.go('#/settings/privacy');
  assert.equal(await other.page.getByLabel('Keep rows for').inputValue(), '7');
  await other.close();
  await held.product.admin('PUT', '/api/settings', { theme: 'system' });
});

held.journey('the proxy moves to another port, and the page with it', async (window, page) => {
  const old = held.product.url;
  await window.go('#/settings/proxy');
  const free = await freePort();
  await page.getByLabel('Port', { exact: true }).fill(String(free));
  await page.keyboard.press('Tab');
  await page.waitForURL((url) => url.port === String(free));
  await page.getByLabel('Port', { exact: true }).waitFor();
  held.product.url = `http://127.0.0.1:${free}`;
  // Writes go on: the session moved too.
  await window.go('#/chat');
  await page.getByRole('form', { name: 'Write a message' }).getByRole('textbox').fill('hello there');
  await page.keyboard.press('Enter');
  await page.locator('article[aria-busy="false"]').getByText('hello there').waitFor();
  await assert.rejects(fetch(`${old}/health`));
});

held.journey('a name of a model is given another meaning, and tried', async (window, page) => {
  const { id } = await held.product.bedrock('Work', held.emulator);
  await window.go('#/settings/routing');
  const rules = () => held.product.admin('GET', '/api/settings').then(({ model_rules }) => model_rules);
  const row = (at) => page.getByRole('listitem').filter({ has: page.getByLabel('Name the client asks for') }).nth(at);
  const give = async (at, name, model) => {
    await row(at).getByLabel('Name the client asks for').fill(name);
    await row(at).getByLabel('Model').fill(model);
    await page.keyboard.press('Tab');
    await row(at + 1).waitFor();
  };
  await give(0, 'gpt-*', 'claude-sonnet-4-5');
  await give(1, 'gpt-4o-mini', 'claude-haiku-4-5');
  await row(1).getByLabel('Account').selectOption('Work');
  await window.told('Saved');
  await row(1).getByRole('button', { name: 'Move the rule for gpt-4o-mini up' }).click();
  await row(0).getByRole('button', { name: 'Remove the rule for gpt-4o-mini' }).waitFor();
  assert.deepEqual(await rules(), [{ name: 'gpt-4o-mini', model: 'claude-haiku-4-5', account: id }, { name: 'gpt-*', model: 'claude-sonnet-4-5' }]);

  const test = page.getByRole('textbox', { name: 'Try a name' }).or(page.getByRole('combobox', { name: 'Try a name' }));
  const said = page.getByRole('status').filter({ hasText: 'Work' });
  await test.fill('gpt-4o');
  await page.keyboard.press('Enter');
  await said.getByText('claude-sonnet-4-5', { exact: true }).first().waitFor();
  await said.getByText('By rule 2:').waitFor();
  assert.deepEqual(await window.findings(), []);
  await window.picture('settings-model-rules');
  await test.fill('o7');
  await page.keyboard.press('Enter');
  await said.getByText('No rule fits').waitFor();
  await page.getByLabel('Model for unknown names').fill('claude-haiku-4-5');
  await page.keyboard.press('Tab');
  await window.told('Saved');
  await test.fill('o7');
  await page.keyboard.press('Enter');
  await said.getByText('the default answers').waitFor();
  const answer = await fetch(`${held.product.url}/v1/messages`, {
    method: 'POST', headers: { 'x-api-key': held.product.key, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'o7', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }),
  });
  assert.match(answer.headers.get('x-proxy-model'), /claude-haiku-4-5/);
  await row(0).getByRole('button', { name: /^Remove/ }).click();
  await row(0).getByRole('button', { name: 'Remove the rule for gpt-*' }).waitFor();
  assert.deepEqual(await rules(), [{ name: 'gpt-*', model: 'claude-sonnet-4-5' }]);
});

held.journey('addresses are blocked and let in again', async (window, page) => {
  await window.go('#/settings/proxy');
  const list = page.getByLabel('Blocked addresses');
  const blocked = async () => (await held.product.admin('GET', '/api/ips/blocked')).blocked.map(({ address }) => address);
  await list.fill('192.0.2.9/24\n198.51.100.7');
  await window.button('Save').click();
  await window.told('Saved');
  assert.deepEqual(await blocked(), ['192.0.2.0/24', '198.51.100.7']);
  assert.equal(await list.inputValue(), '192.0.2.0/24\n198.51.100.7');
  await window.picture('settings-blocked');
  window.expected = [400];
  await list.fill('192.0.2.0/24\nbox.lan');
  await window.button('Save').click();
  await window.told('is not an address');
  assert.deepEqual(await blocked(), ['192.0.2.0/24']);
});

held.journey('a taken port is told with its owner', async (window, page) => {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address();
  window.expected = [409];
  await window.go('#/settings/proxy');
  await page.getByLabel('Port', { exact: true }).fill(String(port));
  await page.keyboard.press('Tab');
  await window.told(/port.* is taken/i);
  assert.equal((await held.product.admin('GET', '/api/status')).port, Number(new URL(held.product.url).port));
  await window.picture('settings-port-taken');
  server.close();
});

held.journey('a new key at once', async (window, page) => {
  await window.go('#/settings/proxy');
  await page.getByRole('button', { name: 'Replace key' }).click();
  const dialog = page.getByRole('dialog');
  assert.deepEqual(await window.findings(), []);
  await dialog.getByRole('button', { name: 'Replace key' }).click();
  await window.told('There is a new key.');
  const refused = await held.product.ask('hello');
  assert.equal(refused.status, 401);
});

async function freePort() {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

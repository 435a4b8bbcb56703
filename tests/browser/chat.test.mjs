//! Chat goes through the real proxy, as an editor would.

import assert from 'node:assert/strict';

import { stage } from './harness/stage.mjs';

const held = stage(({ product, emulator }) => product.bedrock('Work', emulator));

async function chat(window, page) {
  await window.go('#/chat');
  const composer = page.getByRole('form', { name: 'Write a message' });
  await composer.waitFor();
  const say = async (text) => {
    await composer.getByRole('textbox').fill(text);
    await page.keyboard.press('Enter');
  };
  return { say, answers: page.locator('article') };
}

held.journey('an answer streams, is stopped, and is kept', async (window, page) => {
  const { say, answers } = await chat(window, page);
  await say(`[[fault:pace 60]] ${'many words that take their time '.repeat(12)}`);
  const first = answers.first();
  // It grows while it comes.
  await first.getByText('many words').waitFor();
  assert.equal(await first.getAttribute('aria-busy'), 'true');
  const early = (await first.innerText()).length;
  await page.waitForFunction((length) => document.querySelector('article').innerText.length > length + 20, early);
  await window.picture('chat-streaming');
  await page.getByRole('button', { name: 'Stop' }).click();
  await first.getByText('You stopped this answer.').waitFor();
  assert.equal(await first.getAttribute('aria-busy'), 'false');

  await say('Say `hello` in **bold**');
  await page.locator('article[aria-busy="false"] strong', { hasText: 'bold' }).waitFor();
  assert.deepEqual(await window.findings(), []);
  await window.picture('chat-answer');

  // The proxy logs the request that was left as one whose client left.
  const { rows } = await held.product.admin('GET', '/api/logs?limit=5');
  assert.ok(rows.some((row) => row.error_category === 'cancelled'), JSON.stringify(rows.map((row) => row.error_category)));

  // Kept: a reload shows it in the history and opens it.
  await page.reload();
  await page.getByRole('complementary', { name: 'Conversations' }).getByText(/many words/).first().click();
  await page.locator('article strong', { hasText: 'bold' }).waitFor();
});

held.journey('a tool is called and answered', async (window, page) => {
  const { say, answers } = await chat(window, page);
  await page.getByRole('button', { name: 'Tool test' }).click();
  await say('What is the weather? [[tool:get_weather {"city":"Shenzhen"}]]');
  await page.getByText('get_weather', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Send result' }).waitFor();
  assert.deepEqual(await window.findings(), []);
  await window.picture('chat-tool');
  await page.getByRole('button', { name: 'Send result' }).click();
  await answers.nth(1).getByText(/clear/).waitFor();
});

held.journey('the wire shows what went upstream without its secrets, and when', async (window, page) => {
  const { say } = await chat(window, page);
  await page.getByLabel('Account').selectOption({ label: 'Work' });
  await say('hello wire');
  await page.locator('article[aria-busy="false"]').waitFor();
  await page.locator('article').getByRole('button', { name: 'Wire' }).click();
  const panel = page.locator('aside.wire');
  await panel.getByText('hello wire').first().waitFor();
  await window.picture('chat-wire-client');
  await panel.getByText('Upstream', { exact: true }).click();
  await panel.getByText(new RegExp(`POST ${held.emulator.url}/model/`)).waitFor();
  const shown = (await panel.innerText()).toLowerCase();
  assert.match(shown, /authorization: /);
  assert.doesNotMatch(shown, /signature=[0-9a-f]{16}/);
  await window.picture('chat-wire-upstream');
  await panel.getByText('Events', { exact: true }).click();
  await panel.locator('summary', { hasText: 'message_start' }).waitFor();
  await panel.getByText('Timing', { exact: true }).click();
  await panel.locator('.bar').first().waitFor();
  assert.deepEqual(await window.findings(), []);
  await window.picture('chat-wire-timing');
});

held.journey('send again shows two answers side by side', async (window, page) => {
  const { say, answers } = await chat(window, page);
  await say('hello again');
  await page.locator('article[aria-busy="false"]').waitFor();
  await page.locator('article').getByRole('button', { name: /Send again/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('.primary').click();
  await answers.nth(1).getByText('hello again').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('article[aria-busy="false"]').length === 2);
  assert.deepEqual(await window.findings(), []);
  await window.picture('chat-again');
});

held.journey('an upstream that refuses is told in words', async (window, page) => {
  const { say } = await chat(window, page);
  await page.getByLabel('Account').selectOption({ label: 'Work' });
  window.expected = [429, 503, 529];
  await say('[[fault:throttle]] hello');
  await page.locator('article [role="alert"]').getByText('Too many requests for the moment.').waitFor();
  await window.picture('chat-refused');
  assert.deepEqual(await window.findings(), []);
});

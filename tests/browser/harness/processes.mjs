//! The product, headless, and the emulator as its upstream: on free ports, with folders of their own.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** What the emulator takes when nothing else is said. */
export const ACCESS_KEY = { id: 'AKIASANDBOX000000000', secret: 'sandbox+secret+sandbox+secret+sandbox+00' };

/** Any of these would send the product somewhere else. */
const FOREIGN = /^(AWS_|SWITCHBOARD_|ANTHROPIC_|OPENAI_)|_proxy$/i;

function surroundings(home) {
  const kept = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  return { ...Object.fromEntries(kept), HOME: home, USERPROFILE: home, NO_PROXY: '127.0.0.1,localhost', SWITCHBOARD_KEYCHAIN: 'off' };
}

function program(name) {
  const path = process.env[`${name.toUpperCase()}_BIN`];
  if (!path) throw new Error(`${name.toUpperCase()}_BIN must name the binary; \`cargo xtask browser\` does`);
  return path;
}

/** Starts a program and hands out its lines until `wanted` makes something of one. */
async function start(path, args, env, wanted) {
  const child = spawn(path, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  child.stderr.on('data', (piece) => said.push(piece));
  const ended = once(child, 'exit');
  const lines = createInterface(child.stdout);
  const found = new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(`${line}\n`);
      const value = wanted(line);
      if (value) resolve(value);
    });
    ended.then(([code]) => reject(new Error(`${path} ended with ${code}:\n${said.join('')}`)));
  });
  return { child, ended, found: await found };
}

async function stop({ child, ended }) {
  child.kill('SIGTERM');
  await ended;
}

/** A strict stand-in for AWS; its Kiro accounts have so many credits a month and used some of them. With `ask` its pages ask
 *  before they send a browser back. One that is started again on its port knows nobody who signed in before. */
export async function startEmulator({ credits = 50, spent = 0, ask = false, port = 0 } = {}) {
  const running = await start(program('emulator'), ['--port', String(port), '--json-lines', '--credits', String(credits), '--spent', String(spent), ...(ask ? ['--ask'] : [])], surroundings(tmpdir()), (line) => {
    const event = JSON.parse(line);
    return event.event === 'listening' ? event.url : null;
  });
  return { url: running.found, stop: () => stop(running) };
}

/** `switchboard serve`. It keeps its data when it is started again. */
export class Product {
  #folder = mkdtempSync(join(tmpdir(), 'switchboard-browser-'));
  #running = null;
  /** The home folder of who runs it. */
  get home() {
    return this.#folder;
  }

  /** Address without a slash at its end. */
  url = '';
  /** The address that opens the window, once. */
  invitation = '';
  key = '';

  static async start(args = []) {
    const product = new Product();
    await product.begin(args);
    return product;
  }

  async begin(args = ['--port', '0']) {
    const lines = [];
    const data = join(this.#folder, 'data');
    this.#running = await start(program('switchboard'), ['serve', '--data-dir', data, ...(args.length > 0 ? args : ['--port', '0'])], surroundings(this.#folder), (line) => {
      lines.push(line);
      // The last of what it prints before it waits.
      return /^ +Data /.test(line) ? lines.join('\n') : null;
    });
    const word = (name) => new RegExp(`^ +${name} +(\\S+)$`, 'm').exec(this.#running.found)?.[1] ?? '';
    this.invitation = word('Window');
    this.url = word('Anthropic base URL');
    this.key = word('Local key');
  }

  /** Another program of this person keeps this in their home. */
  keep(file, text) {
    const path = join(this.#folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Does nothing when it has ended already. */
  async end() {
    await stop(this.#running);
  }

  /** Fills the log with requests of `days` days that never happened; the product must not run. */
  past(rows, days, accounts) {
    const of = accounts.map(({ id, name, provider }) => `${id},${name},${provider}`);
    execFileSync(program('past'), [join(this.#folder, 'data'), String(rows), String(days), String(Date.now()), ...of]);
  }

  async close() {
    await this.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A call of the admin API as a script makes it. */
  async admin(method, path, body) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** A request as an editor sends it; who answered, and what. */
  async ask(prompt, headers = {}, more = {}) {
    const answer = await fetch(`${this.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': this.key, 'anthropic-version': '2023-06-01', 'content-type': 'application/json', 'user-agent': 'claude-cli/2.0.1', ...headers },
      body: JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 64, messages: [{ role: 'user', content: prompt }], ...more }),
    });
    const body = await answer.text();
    return { status: answer.status, account: answer.headers.get('x-proxy-account'), id: answer.headers.get('request-id'), body };
  }

  /** A fresh one-time address. */
  async invite() {
    return (await this.admin('POST', '/api/session/invite')).url;
  }

  /** An account of the emulator's Bedrock. */
  bedrock(name, emulator, region = 'us-east-1') {
    const credential = { kind: 'access_key', access_key_id: ACCESS_KEY.id, secret_access_key: ACCESS_KEY.secret };
    return this.admin('POST', '/api/accounts', { name, provider: 'bedrock', region, endpoint_url: emulator.url, credential });
  }

  /** An account of the emulator's Kiro. */
  kiro(name, emulator, credential) {
    return this.admin('POST', '/api/accounts', { name, provider: 'amazon_q', region: 'us-east-1', endpoint_url: emulator.url, credential, policy_accepted: true });
  }
}

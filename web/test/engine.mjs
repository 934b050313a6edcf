// An engine with robot callers and operators for looking at the pages: its own folder and ports, gone with the script.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PASSWORD = 'red kettle seven';
const STARTS_WITHIN_MS = 60_000;
/** Flows and prompts lie in the project's folder. */
const HOME = fileURLToPath(new URL('../..', import.meta.url));

const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

export async function startEngine(hotline, users, robots = ['--callers', '9', '--operators', '3']) {
  const data = mkdtempSync(join(tmpdir(), 'hotline-pages-'));
  const [sip, web, rtp, webrtc] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const env = {
    ...process.env,
    HOTLINE__SIP__UDP: `["127.0.0.1:${sip}"]`, HOTLINE__SIP__TCP: `["127.0.0.1:${sip}"]`, HOTLINE__WEB__LISTEN: `127.0.0.1:${web}`,
    HOTLINE__MEDIA__PORTS: `${Math.min(rtp, 64000) & ~1}-${(Math.min(rtp, 64000) & ~1) + 399}`, HOTLINE__MEDIA__WEBRTC_PORT: String(webrtc), HOTLINE__MEDIA__REALTIME: 'off',
  };
  const engine = spawn(hotline, ['demo', ...robots, '--data-dir', data], { cwd: HOME, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  engine.stderr.on('data', (text) => { said = (said + text).slice(-2000); });
  const stop = () => {
    engine.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
  };
  process.on('exit', stop);
  const address = `http://127.0.0.1:${web}`;
  for (const until = Date.now() + STARTS_WITHIN_MS; ;) {
    if ((await fetch(`${address}/readyz`).catch(() => null))?.ok) break;
    if (Date.now() > until || engine.exitCode !== null) throw new Error(`the engine did not start: ${hotline}\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  for (const [user, role] of users) {
    execFileSync(hotline, ['--data-dir', data, 'user', 'add', user, '--role', role, '--password-stdin'], { cwd: HOME, env, input: PASSWORD, stdio: ['pipe', 'ignore', 'inherit'] });
  }
  /** Somebody who calls the longer line and presses keys, and is not waited for. */
  const call = (from, keys) => spawn(hotline, ['call', `sip:88007077759@127.0.0.1:${sip}`, '--from', from, '--keys', keys, '--stay', '3'], { cwd: HOME, stdio: 'ignore' });
  return { address, stop, call };
}

/** A browser's context that is signed in; a password that somebody else gave is replaced first, as on the page. */
export async function signIn(context, address, user) {
  const headers = { Origin: address };
  const own = `${PASSWORD} ${user}`;
  let answer = await context.request.post(`${address}/api/v1/login`, { headers, data: { user, password: own } });
  if (!answer.ok()) answer = await context.request.post(`${address}/api/v1/login`, { headers, data: { user, password: PASSWORD } });
  if (answer.status() === 403) answer = await context.request.post(`${address}/api/v1/password`, { headers, data: { user, password: PASSWORD, new_password: own } });
  if (!answer.ok()) throw new Error(`${user} could not sign in: ${answer.status()} ${await answer.text()}`);
}

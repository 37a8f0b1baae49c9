// Both servers, from a debug build, in a temporary folder.

import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const VOUCHSAFE = 'http://127.0.0.1:8099';
export const PROVIDER = 'http://127.0.0.1:9099';

const HERE = import.meta.dirname;
const BUILT = resolve(process.env.VOUCHSAFE_BUILT ?? join(HERE, '../../target/debug'));

/** Starts them; `stop()` ends them and removes the folder. */
export async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-pages-'));
  copyFileSync(join(HERE, 'vouchsafe.toml'), join(folder, 'vouchsafe.toml'));
  const run = (program, ...args) => {
    const log = openSync(join(folder, `${program}.log`), 'w', 0o600);
    return spawn(join(BUILT, program), args, { cwd: folder, stdio: ['ignore', log, log] });
  };
  const upstream = run('fake-upstream', '--port', '9099');
  await answers(`${PROVIDER}/control/`, upstream);
  const server = run('vouchsafe', 'serve');
  await answers(`${VOUCHSAFE}/readyz`, server);
  const stop = async () => {
    for (const child of [server, upstream]) {
      if (child.exitCode !== null) continue;
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGINT');
      await ended;
    }
    rmSync(folder, { recursive: true });
  };
  return { folder, stop };
}

/** A control of the pretended provider. */
export async function control(name, body) {
  const answer = await fetch(`${PROVIDER}/control/${name}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
}

async function answers(url, child) {
  for (let i = 0; i < 200; i += 1) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with status ${child.exitCode}: is its port taken?`);
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error(`${url} does not answer`);
}

/**
 * Another host, as far as this one can tell: a PID namespace of its own, with a temporary folder of its
 * own, so that neither a process of it nor its sockets are to be found here.
 */
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

/** What a command line is to begin with that runs there. All ends with its first process. */
export const elsewhere = [
  ...['unshare', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'],
] as const;

/** Why there is none; nothing where there is one. */
export const noElsewhere: string | false =
  spawnSync(elsewhere[0]!, [...elsewhere.slice(1), 'true']).status === 0
    ? false
    : 'PID namespaces cannot be made here';

/** The environment of what runs there, in a folder; it beats so often that what is late is so soon. */
export async function environmentElsewhere(folder: string): Promise<NodeJS.ProcessEnv> {
  const temporary = path.join(folder, 'tmp-there');
  await mkdir(temporary, { recursive: true });
  return { ...process.env, EBM_HEARTBEAT_SECONDS: '0.25', TMPDIR: temporary };
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ProblemError } from '../../protocol/problem';

/** A Node that was run once and is new enough for the trainer. */
export interface NodeRuntime {
  readonly path: string;
  /** `process.versions.node`. */
  readonly version: string;
  /** What must be in the environment for it to behave as Node. */
  readonly env: Readonly<Record<string, string>>;
}

/** Asks the program at `path` for its Node version. Rejects when it cannot be run or is not Node. */
export type ProbeNode = (path: string, env: Readonly<Record<string, string>>) => Promise<string>;

const oldestMajor = 20;
/** Electron's executable is a Node when this is set; a plain Node ignores it. */
const asNode = { ELECTRON_RUN_AS_NODE: '1' };

/**
 * The Node that runs the trainer: the setting `ebm.nodePath`, else `node` on the PATH, else the
 * editor's own executable. Each is run once before it is trusted.
 *
 * @throws ProblemError `environment`, which names the setting, when the chosen one is unusable.
 */
export async function chooseNode({
  configured,
  editor,
  probe = probeNode,
}: {
  /** The setting's value; empty where unset. */
  readonly configured: string;
  /** The editor's own executable. */
  readonly editor: string;
  readonly probe?: ProbeNode;
}): Promise<NodeRuntime> {
  if (configured !== '') {
    // Whoever names one wants that one: falling back would hide the mistake.
    return await validated(configured, {}, probe).catch((error: unknown) => {
      throw new ProblemError({
        kind: 'environment',
        message: `The setting 'ebm.nodePath' names ${configured}, which cannot run the trainer: ${reasonOf(error)}.`,
        remedy: `Set 'ebm.nodePath' to a Node.js of version ${oldestMajor} or newer, or clear it.`,
      });
    });
  }
  const reasons: string[] = [];
  for (const [path, env] of [['node', {}] as const, [editor, asNode] as const]) {
    try {
      return await validated(path, env, probe);
    } catch (error) {
      reasons.push(`${path}: ${reasonOf(error)}`);
    }
  }
  throw new ProblemError({
    kind: 'environment',
    message: 'No Node.js was found that can run the trainer.',
    remedy: `Install Node.js ${oldestMajor} or newer, or name one in the setting 'ebm.nodePath'.`,
    detail: reasons.join('\n'),
  });
}

async function validated(
  path: string,
  env: Readonly<Record<string, string>>,
  probe: ProbeNode,
): Promise<NodeRuntime> {
  const version = await probe(path, env);
  const major = Number(/^(\d+)\.\d+\.\d+/.exec(version)?.[1]);
  if (!Number.isInteger(major)) throw new Error('it is not Node.js');
  if (major < oldestMajor) {
    throw new Error(`it is Node.js ${version}, older than ${oldestMajor}`);
  }
  return { path, version, env };
}

const probeNode: ProbeNode = async (path, env) => {
  const { stdout } = await promisify(execFile)(path, ['-p', 'process.versions.node'], {
    env: { ...process.env, ...env },
    timeout: 10_000,
    windowsHide: true,
  });
  return stdout.trim();
};

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'it may not be executed';
  // The first line only: a foreign program's usage text helps nobody.
  return error.message.split('\n', 1)[0] ?? error.message;
}

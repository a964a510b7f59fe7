/** A real Slurm of two nodes on this machine, without systemd, munge or a database. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { until } from './condition';
import { makeFolder, removeAfter } from './temporary';

/** Why there is none; nothing where there is one. */
export const noSlurm: string | false =
  process.getuid?.() === 0 &&
  ['slurmctld', 'slurmd', 'sbatch'].every((name) => spawnSync(name, ['-V']).error === undefined)
    ? false
    : 'Slurm is not installed here, or this is not root';

export interface Cluster {
  /** For all that talks to it. */
  readonly env: NodeJS.ProcessEnv;
  ask(program: string, ...args: string[]): Promise<string>;
  /** Ends the daemon of a node, which the controller takes for the end of the node after a while. */
  kill(node: 'n1' | 'n2'): Promise<void>;
}

/** Starts a cluster with nodes `n1` and `n2` of two cores each; it ends with the test. */
export async function startCluster(t: TestContext): Promise<Cluster> {
  const folder = await makeFolder();
  for (const name of ['state', 'log', 'spool/n1', 'spool/n2']) {
    await mkdir(path.join(folder, name), { recursive: true });
  }
  const [control, first, second] = await freePorts(3);
  const file = path.join(folder, 'slurm.conf');
  const node = (name: string, port: number) =>
    `NodeName=${name} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${port} CPUs=2 State=UNKNOWN`;
  // What is queued again begins after the time that a credential lasts, which is two minutes else.
  await writeFile(
    file,
    `ClusterName=t
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${control}
AuthType=auth/none
AuthInfo=cred_expire=5
CredType=cred/none
SlurmUser=root
SlurmdUser=root
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool/%n
SlurmctldPidFile=${folder}/ctld.pid
SlurmdPidFile=${folder}/slurmd.%n.pid
SlurmctldLogFile=${folder}/log/ctld.log
SlurmdLogFile=${folder}/log/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MailProg=/bin/true
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
SlurmdTimeout=10
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=bf_interval=2,sched_interval=2
${node('n1', first!)}
${node('n2', second!)}
PartitionName=low Nodes=n1,n2 Default=YES PriorityTier=1 GraceTime=5 State=UP
PartitionName=high Nodes=n1,n2 PriorityTier=10 State=UP
`,
  );
  const env = { ...process.env, SLURM_CONF: file };
  const daemons = new Map<string, ChildProcess>();
  const begin = (name: string, program: string, ...args: string[]) => {
    daemons.set(name, spawn(program, ['-D', ...args], { env, stdio: 'ignore' }));
  };
  const end = async (name: string) => {
    const daemon = daemons.get(name);
    daemons.delete(name);
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
  };
  begin('control', 'slurmctld');
  for (const name of ['n1', 'n2']) begin(name, 'slurmd', '-N', name);
  const ask = async (program: string, ...args: string[]) =>
    (await promisify(execFile)(program, args, { env })).stdout;
  t.after(async () => {
    await ask('scancel', '--user=root', '--signal=KILL', '--full').catch(() => undefined);
    await ask('scancel', '--user=root').catch(() => undefined);
    await until(
      'no job is left',
      async () => (await ask('squeue', '--noheader')).trim() === '',
    ).catch(() => undefined);
    for (const name of [...daemons.keys()]) await end(name);
  });
  removeAfter(t, folder);
  await until('both nodes are idle', async () => {
    const states = await ask('sinfo', '--noheader', '--Node', '--format=%N %t');
    return /n1 idle/.test(states) && /n2 idle/.test(states);
  });
  return { env, ask, kill: end };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

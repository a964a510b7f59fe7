import { type BackendName, type BackendReport, backendNames } from '../../protocol/backends';
import { printable } from '../../protocol/printable';
import { lookAtMachine } from '../compiler/backends/machine';
import { exitCode } from './exit-code';

/** How long a backend may take to answer; loading TensorFlow from a cold disk takes seconds. */
const limitMs = 60_000;

/**
 * `ebm backends`: says of each backend whether it works here, and if not, why. Each is loaded in a
 * process of its own, whatever was answered before, and runs will go by what they say now.
 *
 * @returns the process's exit code
 */
export async function backendsCommand(
  name: BackendName | undefined,
  { json }: { readonly json?: true },
): Promise<number> {
  const reports: BackendReport[] = [];
  for (const asked of name === undefined ? backendNames : [name]) {
    const report = await reportOn(asked);
    reports.push(report);
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : printable(textOf(report)));
  }
  return reports.some(({ works }) => works) ? exitCode.done : exitCode.refused;
}

async function reportOn(name: BackendName): Promise<BackendReport> {
  // With it comes tfjs, which no other command should wait for.
  const [{ backendMethod }, { askBackend }] = await Promise.all([
    import('../compiler/backends/index'),
    import('../compiler/backends/ask'),
  ]);
  const [method, machine] = [backendMethod(name), lookAtMachine()];
  const missing = method.missing(machine);
  if (missing) return { name, works: false, ...missing };
  // The `ebm` command is one file, this one.
  const answer = await askBackend(method, {
    machine,
    script: process.argv[1]!,
    limitMs,
    anew: true,
  });
  return answer.works
    ? { name, works: true, description: answer.description }
    : { name, ...answer };
}

function textOf(report: BackendReport): string {
  const name = report.name.padEnd(14);
  if (report.works) return `${name} works: ${report.description}\n`;
  const remedy = report.remedy === undefined ? '' : `\n${' '.repeat(15)}${report.remedy}`;
  return `${name} not here: ${report.why}${remedy}\n`;
}

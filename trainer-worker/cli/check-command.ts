import path from 'node:path';
import type { WantedBackend } from '../../protocol/backends';
import type { CheckFinding, CheckReport } from '../../protocol/check';
import { printable } from '../../protocol/printable';
import type { JsonObject } from '../../protocol/run';
import { exitCode } from './exit-code';
import { problemText } from './problem-text';

export interface CheckCommandOptions {
  readonly set: JsonObject;
  readonly backend: WantedBackend;
  readonly json?: true;
  readonly verbose?: true;
}

/**
 * `ebm check`: tries an experiment without training it, and says what is wrong or doubtful.
 *
 * @returns the process's exit code: 0 where nothing is, 1 where something is
 */
export async function checkCommand(file: string, options: CheckCommandOptions): Promise<number> {
  const { checkExperiment } = await import('../trainer/check/check-experiment');
  const report = await checkExperiment(path.resolve(file), {
    overrides: options.set,
    backend: options.backend,
  });
  const text = options.json ? JSON.stringify(report) : reportText(report, options.verbose);
  process.stdout.write(`${text}\n`);
  return report.findings.length === 0 ? exitCode.done : exitCode.failed;
}

/** A report as a person reads it in a shell: the facts, a line each, and what was found. */
function reportText({ facts, findings }: CheckReport, verbose = false): string {
  const width = Math.max(0, ...facts.map(({ about }) => about.length));
  const lines = facts.map(({ about, text }) => printable(`${about.padEnd(width)}  ${text}`));
  const found = findings.map((finding) => problemText(finding, verbose, called[finding.severity]));
  return [...lines, ...found, verdict(findings)].join('\n');
}

const called = { wrong: 'error', doubtful: 'warning' } as const;

function verdict(findings: readonly CheckFinding[]): string {
  const count = (severity: CheckFinding['severity']) =>
    findings.filter((finding) => finding.severity === severity).length;
  const [wrong, doubtful] = [count('wrong'), count('doubtful')];
  if (wrong + doubtful === 0) return 'nothing wrong or doubtful was found';
  return [
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
    ...(doubtful > 0 ? [`${doubtful} doubtful`] : []),
  ].join(', ');
}

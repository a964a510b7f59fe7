/** The `ebm` command: trains in a shell, or under an editor over a socket. */
// First of all, before anything can load ONNX Runtime.
import { printable } from '../protocol/printable';
import './without-telemetry';
import { Command, CommanderError, Option } from 'commander';
import { version } from '../package.json';
import { type BackendName, backendNames } from '../protocol/backends';
import { chainStarts } from '../protocol/looking';
import type { JsonObject } from '../protocol/run';
import { type AnnotateOptions, annotateCommand } from './cli/annotate-command';
import {
  type ArchiveOptions,
  archiveCommand,
  deleteCommand,
  type ManyOptions,
  restoreCommand,
} from './cli/archive-commands';
import { type AskOptions, askCommand } from './cli/ask-command';
import { attachCommand } from './cli/attach-command';
import { backendsCommand } from './cli/backends-command';
import { type CheckCommandOptions, checkCommand } from './cli/check-command';
import { type CompareOptions, compareCommand } from './cli/compare-command';
import { type DrawCommandOptions, drawCommand } from './cli/draw-command';
import { type EnergyCommandOptions, energyCommand } from './cli/energy-command';
import { exitCode } from './cli/exit-code';
import { type ExportOptions, exportCommand } from './cli/export-command';
import { type ExportRunOptions, exportRunCommand } from './cli/export-run-command';
import { importCommand } from './cli/import-command';
import { keepSourceCommand } from './cli/keep-source-command';
import { type ListOptions, listCommand } from './cli/list-command';
import { type NewCommandOptions, newCommand } from './cli/new-command';
import { addOverride, parseCount, parsePositive } from './cli/overrides';
import { parseBackend, parseWantedBackend } from './cli/parse-backend';
import { type ProbeCommandOptions, probeCommand } from './cli/probe-command';
import { parseTaskOption } from './cli/read-task';
import { type ResumeOptions, resumeCommand } from './cli/resume-command';
import { type RunCommandOptions, rerunCommand, runCommand } from './cli/run-command';
import { type ServeOptions, serveCommand } from './cli/serve-command';
import { setCommand } from './cli/set-command';
import { type ShowOptions, showCommand } from './cli/show-command';
import {
  type SlurmStatusOptions,
  slurmActionCommand,
  slurmStatusCommand,
} from './cli/slurm-status-command';
import { type SlurmTaskOptions, slurmTaskCommand } from './cli/slurm-task-command';
import { type SweepCommandOptions, sweepCommand } from './cli/sweep-command';

const exitCodes = `
Exit codes:
  0    the run finished or was stopped
  1    training failed, or came to trouble with nobody to ask; a full disk is waited for
  2    the experiment cannot start, or the command line is wrong
  130  interrupted before training began, or a second time`;

const checkExitCodes = `
Exit codes:
  0  nothing wrong or doubtful was found
  1  something was
  2  the command line is wrong`;

const backendList = ['auto', ...backendNames].join(', ');

const noOverrides: JsonObject = {};

// What several commands take.
const runArgument = ['<run>', 'its directory, its id or the beginning of its name'] as const;
const runsOption = ['--runs <folder>', 'where runs are kept', '.ebm/runs'] as const;
const setOption = [
  '--set <key=value>',
  'change a value of the experiment',
  addOverride,
  noOverrides,
] as const;

/** Where runs train. */
function onOption(): Option {
  return new Option('--on <system>', 'hand the runs to a batch system, and end').choices(['slurm']);
}

/** What only says how a cluster is used is refused without one: it would train here, and at once. */
function requireCluster(command: Command, names: readonly string[]): void {
  if (command.getOptionValue('on') !== undefined) return;
  for (const option of command.options) {
    const name = option.attributeName();
    if (!names.includes(name) || command.getOptionValueSource(name) !== 'cli') continue;
    command.error(`error: ${option.long} goes with --on slurm`);
  }
}

/** What is asked of a process that another one starts. */
function taskOption(): Option {
  return new Option('--task <place>', 'what to do: a task as JSON from -, the standard input')
    .argParser(parseTaskOption)
    .hideHelp();
}

function command(end: (code: number) => void): Command {
  const program = new Command('ebm')
    .description('Train energy-based models.')
    .version(version)
    .addHelpText('after', exitCodes)
    .exitOverride();
  program
    .command('run')
    .description('train an experiment in this shell')
    .argument('[file]', 'the experiment, for example two-moons.ebm.ts')
    .option('--exactly <run>', 'instead of a file: what that run was made of, with its seed')
    .option('--steps <n>', 'train this many steps', parseCount)
    .option('--seed <n>', 'the seed of everything random', parseCount)
    .option(...setOption)
    .option('--backend <name>', `what computes: ${backendList}`, parseWantedBackend, 'auto')
    .addOption(onOption())
    .option('--dry-run', 'with --on: show what would be submitted')
    .option(...runsOption)
    .option('--json', 'print one JSON object a line')
    .option('--verbose', 'print stacks of errors')
    .addHelpText('after', exitCodes)
    .action(async (file: string | undefined, options: RunCommandOptions, command: Command) => {
      requireCluster(command, ['dryRun']);
      end(await runCommand(file, options));
    });
  program
    .command('resume')
    .description('go on with a run that is paused, or from the last checkpoint of one that ended')
    .argument(...runArgument)
    .option('--from <step>', 'go on from this step or the checkpoint before it', parseCount)
    .option('--steps <n>', 'train until this many steps are done', parseCount)
    .option('--backend <name>', 'what computes; as before where absent', parseWantedBackend)
    .option(...runsOption)
    .option('--json', 'print one JSON object a line')
    .option('--verbose', 'print stacks of errors')
    .addHelpText('after', exitCodes)
    .action(async (run: string, options: ResumeOptions) => end(await resumeCommand(run, options)));
  program
    .command('rerun')
    .description(
      'train the experiment of a run again as its file is now, with its changes and seed',
    )
    .argument(...runArgument)
    .option(...setOption)
    .option('--backend <name>', `what computes: ${backendList}`, parseWantedBackend, 'auto')
    .option(...runsOption)
    .option('--json', 'print one JSON object a line')
    .option('--verbose', 'print stacks of errors')
    .addHelpText('after', exitCodes)
    .action(async (run: string, options: RunCommandOptions) =>
      end(await rerunCommand(run, options)),
    );
  program
    .command('sweep')
    .description('train every run of the sweep that an experiment exports, and rank them')
    .argument('[file]', 'the experiment, which exports a sweep')
    .option('--parallel <n>', 'how many runs train at once: 1, with --on all', parsePositive)
    .addOption(onOption())
    .option('--trials-per-job <n>', 'with --on: how many runs a job trains', parsePositive, 1)
    .option('--dry-run', 'with --on: show what would be submitted')
    .option('--again', 'also those that have finished before')
    .option(...setOption)
    .option('--backend <name>', `what computes: ${backendList}`, parseWantedBackend, 'auto')
    .option(...runsOption)
    .option('--json', 'print one JSON object a line')
    .option('--verbose', 'print stacks of errors')
    .addOption(taskOption())
    .addOption(new Option('--socket <path>', 'where to listen from the start').hideHelp())
    .addHelpText('after', exitCodes)
    .action(async (file: string | undefined, options: SweepCommandOptions, command: Command) => {
      requireCluster(command, ['dryRun', 'trialsPerJob']);
      end(await sweepCommand(file, options));
    });
  program
    .command('new')
    .description('write an experiment that trains at once; asks what is not said here')
    .argument(
      '[data]',
      'what it is to learn: a data file, a distribution such as twoMoons, or function',
    )
    .option('--objective <name>', 'how it learns; what suits the data best where absent')
    .option('--output <file>', 'where to write it; here, by the name of the data, where absent')
    .option('--list', 'say which data there are, or which methods these data allow; write nothing')
    .option('--json', 'print one JSON object, and ask nothing')
    .action(async (data: string | undefined, options: NewCommandOptions) =>
      end(await newCommand(data, options)),
    );
  program
    .command('check')
    .description('try an experiment without training it, and say what is wrong or doubtful')
    .argument('<file>', 'the experiment')
    .option(...setOption)
    .option('--backend <name>', `what computes: ${backendList}`, parseWantedBackend, 'auto')
    .option('--json', 'print one JSON object')
    .option('--verbose', 'print stacks of errors')
    .addHelpText('after', checkExitCodes)
    .action(async (file: string, options: CheckCommandOptions) =>
      end(await checkCommand(file, options)),
    );
  for (const [action, description] of [
    ['pause', 'have a run that is in training stand still, on whatever host it is'],
    ['step', 'train one step of a run, and have it stand still'],
    ['stop', 'end a run that is in training with a checkpoint, on whatever host it is'],
    ['checkpoint', 'have a run that is in training write a checkpoint now'],
  ] as const) {
    program
      .command(action)
      .description(description)
      .argument(...runArgument)
      .option(...runsOption)
      .action(async (run: string, options: AskOptions) =>
        end(await askCommand(action, run, options)),
      );
  }
  program
    .command('set')
    .description(
      'give options of a run that is in training other values, on whatever host it is: learningRate=1e-4',
    )
    .argument(...runArgument)
    .argument('<changes...>', 'name=value, each of an option that can be changed while it trains')
    .option(...runsOption)
    .action(async (run: string, changes: string[], options: AskOptions) =>
      end(await setCommand(run, changes, options)),
    );
  program
    .command('draw')
    .description(
      'draw samples from the model of a run, trained or in training, as a checkpoint has it',
    )
    .argument(...runArgument)
    .option('--sampler <name>', 'what moves the chains; as in its previews where absent')
    .option('--set <key=value>', 'an option of that sampler', addOverride, noOverrides)
    .option('--steps <n>', 'iterations of each chain', parseCount)
    .option('--count <n>', 'how many samples', parsePositive)
    .addOption(
      new Option(
        '--from <start>',
        'where chains start: the buffer where it has one, else noise, if absent',
      ).choices(chainStarts),
    )
    .option('--checkpoint <step>', 'of this step; the newest where absent', parseCount)
    .option('--seed <n>', 'what chance is; that of the run where absent', parseCount)
    .option('--backend <name>', 'what computes; as in training where absent', parseWantedBackend)
    .option('--out <file>', 'an .npy, .csv or .safetensors; an .npy here, by its name, if absent')
    .option(...runsOption)
    .option('--json', 'print one JSON object')
    .action(async (run: string, options: DrawCommandOptions) =>
      end(await drawCommand(run, options)),
    );
  program
    .command('energy')
    .description(
      'say the energy of points in the units of the data, and what else is known of them',
    )
    .argument(...runArgument)
    .requiredOption('--at <points...>', 'points: a value for each column, with commas: --at=-1,0.5')
    .option('--checkpoint <step>', 'of this step; the newest where absent', parseCount)
    .option('--backend <name>', 'what computes; as in training where absent', parseWantedBackend)
    .option(...runsOption)
    .option('--json', 'print one JSON object a point')
    .action(async (run: string, options: EnergyCommandOptions) =>
      end(await energyCommand(run, options)),
    );
  program
    .command('look', { hidden: true })
    .description('answer what an editor asks of the model of a run')
    .argument('<directory>', 'the run directory')
    .action(async (directory: string) => {
      // What computes is loaded with it.
      const { lookCommand } = await import('./cli/look-command');
      end(await lookCommand(directory));
    });
  program
    .command('attach', { hidden: true })
    .description('relay what the trainer of a run says over standard input and output')
    .argument(...runArgument)
    .option(...runsOption)
    .action(async (run: string, options: { runs: string }) =>
      end(await attachCommand(run, options)),
    );
  program
    .command('list')
    .description('list the runs, newest first')
    .option('--sizes', 'also what they take of the disk, for which all their files are looked at')
    .option(...runsOption)
    .option('--json', 'print one JSON object a line')
    .action(async (options: ListOptions) => end(await listCommand(options)));
  program
    .command('compare')
    .description('put runs side by side: in what they differ, and what became of them')
    .argument('<runs...>', 'two or more, each its directory, its id or the beginning of its name')
    .option('--metric <name>', 'sort by the last value of this metric, the best first')
    .option('--all', 'also what is the same in all of them')
    .option(...runsOption)
    .addOption(new Option('--csv', 'print comma-separated values').conflicts('json'))
    .option('--json', 'print one JSON object a line')
    .action(async (runs: string[], options: CompareOptions) =>
      end(await compareCommand(runs, options)),
    );
  program
    .command('show')
    .description('say what a run was made of, how it went and what is kept of it')
    .argument(...runArgument)
    .option('--parameters', 'instead: how parameters and buffer of a checkpoint are distributed')
    .option(
      '--checkpoint <step>',
      'with --parameters: of this step; the newest where absent',
      parseCount,
    )
    .option(...runsOption)
    .option('--json', 'print one JSON object')
    .action(async (run: string, options: ShowOptions) => end(await showCommand(run, options)));
  program
    .command('annotate')
    .description('name, tag, star or note a run; its directory and its record stay as they are')
    .argument(...runArgument)
    .option('--name <text>', 'what it is to be called; nothing gives its experiment’s name back')
    .option('--note <text>', 'a paragraph more in its notes')
    .option('--tag <tags...>', 'tags more')
    .option('--untag <tags...>', 'tags less')
    .option('--star', 'put it among the first')
    .option('--no-star', 'take its star away')
    .option(...runsOption)
    .option('--json', 'print one JSON object')
    .action(async (run: string, options: AnnotateOptions) =>
      end(await annotateCommand(run, options)),
    );
  program
    .command('export')
    .description('write a run as one ZIP archive, or its metrics or samples as CSV')
    .argument(...runArgument)
    .option('--csv', 'its metrics alone, a line a step and a column a metric')
    .option(
      '--samples',
      'the samples of its newest preview alone, in the units and names of the data',
    )
    .option('--to <file>', 'where to write it; here, by its name, where absent; - prints the CSV')
    .option(...runsOption)
    .action(async (run: string, options: ExportRunOptions) =>
      end(await exportRunCommand(run, options)),
    );
  program
    .command('import')
    .description('copy a run from elsewhere among those here')
    .argument('<path>', 'a run directory, or a ZIP archive that ebm export wrote')
    .option(...runsOption)
    .action(async (source: string, options: { runs: string }) =>
      end(await importCommand(source, options)),
    );
  for (const [name, description, act] of [
    [
      'archive',
      'move runs that have ended to the archive beside the folder of runs',
      archiveCommand,
    ],
    ['delete', 'delete runs that have ended, for good', deleteCommand],
  ] as const) {
    program
      .command(name)
      .description(description)
      .argument('[runs...]', 'each its directory, its id or the beginning of its name')
      .option(
        '--filter <words>',
        'instead of names: all that fit, for example status:failed tag:try',
      )
      .option('--dry-run', 'say which, and do nothing')
      .option('--yes', 'ask nothing')
      .option(...runsOption)
      .action(async (runs: string[], options: ManyOptions) => end(await act(runs, options)));
  }
  program
    .command('restore')
    .description('move archived runs back')
    .argument('<runs...>', 'each its directory, its id or the beginning of its name')
    .option(...runsOption)
    .action(async (runs: string[], options: ArchiveOptions) =>
      end(await restoreCommand(runs, options)),
    );
  program
    .command('serve', { hidden: true })
    .description('train an experiment under an editor or a sweep')
    .requiredOption('--run-directory <folder>', 'the run directory, which exists')
    .requiredOption('--socket <path>', 'where to listen')
    .option('--unattended', 'end the run at trouble that somebody would have to answer to')
    .addOption(taskOption().makeOptionMandatory())
    .action(async (options: ServeOptions) => end(await serveCommand(options)));
  const slurm = program
    .command('slurm')
    .description('what waits and runs in Slurm, of what was handed to it from here');
  slurm
    .command('status', { isDefault: true })
    .description('list it, and why it waits')
    .option(...runsOption)
    .option('--json', 'print one JSON object a line')
    // Else a misspelled command would be told to be an argument too many of this one.
    .allowExcessArguments()
    .action(async (options: SlurmStatusOptions, { args: [unknown] }: Command) => {
      if (unknown !== undefined) slurm.error(`error: unknown command '${unknown}' of ebm slurm`);
      end(await slurmStatusCommand(options));
    });
  for (const [action, description] of [
    ['cancel', 'end it; what trains writes a checkpoint'],
    ['hold', 'let what waits wait until it is released'],
    ['release', 'let what is held begin when its turn comes'],
    ['requeue', 'queue what runs again; it goes on from its checkpoint'],
  ] as const) {
    slurm
      .command(action)
      .description(description)
      .argument('<what>', 'its name, its key or the id of its job')
      .option(...runsOption)
      .action(async (what: string, options: { runs: string }) =>
        end(await slurmActionCommand(action, what, options)),
      );
  }
  program
    .command('slurm-task', { hidden: true })
    .description('train the runs of a job')
    .requiredOption('--folder <folder>', 'where the table of trials is')
    .requiredOption('--first <n>', 'the number of the array’s first task', parseCount)
    .requiredOption('--trials-per-job <n>', 'how many runs a task trains', parsePositive)
    .action(async (options: SlurmTaskOptions) => end(await slurmTaskCommand(options)));
  program
    .command('keep-source', { hidden: true })
    .description('copy an experiment and what it imports')
    .argument('<file>', 'the experiment')
    .argument('<folder>', 'where to')
    .action(async (file: string, folder: string) => end(await keepSourceCommand(file, folder)));
  program
    .command('backends')
    .description('say which backends work on this machine, and why others do not')
    .argument('[name]', 'one of them', parseBackend)
    .option('--json', 'print one JSON object a line')
    .action(async (name: BackendName | undefined, options: { json?: true }) =>
      end(await backendsCommand(name, options)),
    );
  program
    .command('export-onnx')
    .description('write the training step of an experiment as an ONNX file')
    .argument('<file>', 'the experiment')
    .option('--output <path>', 'where to write it; beside the experiment where absent')
    .option(...setOption)
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: ExportOptions) =>
      end(await exportCommand(file, options)),
    );
  program
    .command('probe-backend', { hidden: true })
    .description('say whether a backend works')
    .argument('<name>', 'the backend', parseBackend)
    .argument('[file]', 'a program to time')
    .option('--experiment-folder <folder>', 'where the experiment lies')
    .action(async (name: BackendName, file: string | undefined, options: ProbeCommandOptions) =>
      end(await probeCommand(name, file, options)),
    );
  return program;
}

/** Ends the process once what it printed is out. */
function exit(code: number): void {
  process.exitCode = code;
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

// Whoever reads the output may hang up (`ebm list | head`): that ends no run, and nothing else minds.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

command(exit)
  .parseAsync()
  .catch((thrown: unknown) => {
    if (thrown instanceof CommanderError) {
      // It has printed its message; `--help` and `--version` come here too, with 0.
      exit(thrown.exitCode === 0 ? 0 : exitCode.refused);
      return;
    }
    const text = thrown instanceof Error ? thrown.stack : String(thrown);
    process.stderr.write(`${printable(text ?? '')}\n`);
    exit(exitCode.failed);
  });

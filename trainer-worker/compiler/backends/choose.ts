import type { BackendName, WantedBackend } from '../../../protocol/backends';
import { ProblemError, problemOf } from '../../../protocol/problem';
import type { Program } from '../graph/program';
import { type Arrays, checkedFeed, FeedBuilder } from '../run/execution';
import { sharedOut } from '../shard/threads';
import { type AskOptions, askBackend } from './ask';
import type { Backend, BackendMethod, LoadedBackend, Missing } from './backend';
import { GuardedExecution, named } from './guarded';
import { backendMethod } from './index';
import { lookAtMachine, type Machine } from './machine';
import type { ProbeAnswer } from './probe';
import { programSize } from './program-size';
import type { TimingQuestion } from './time-program';

export interface BackendChoice {
  /** What the user asked for. */
  readonly wanted: WantedBackend;
  /** The training step of the experiment. */
  readonly program: Program;
  /** Arrays for one run of it, for timing. */
  readonly feeds: Arrays;
  /** Its state by name. */
  readonly initial: Arrays;
  /** Where the experiment lies, whose project may have packages; the working directory where absent. */
  readonly experimentFolder?: string;
}

/** What the choice is made with; all of it has defaults. */
export interface ChoiceMeans {
  readonly machine?: Machine;
  /** The `ebm` command's script, which probes; null where there is none, and nothing is probed then. */
  readonly script?: string | null;
  /** The folder that keeps earlier answers. */
  readonly cache?: string;
}

/** GPUs that `auto` times, in the order in which equals are preferred. */
const timed: readonly BackendName[] = [
  'tfjs-node-gpu',
  'onnx-cuda',
  'onnx-directml',
  'onnx-coreml',
  'onnx-webgpu',
];

/** A GPU has to be worth the trouble: it must beat the CPU by more than a timing's error. */
const worthwhile = 1.2;
/**
 * A probe times the processor with one session; a step that is shared out over threads takes about
 * three quarters of that (two cores, `npm run bench -- step`).
 */
const sharedOutShare = 0.75;
/**
 * How far a step's results may be from the CPU's. Float32 sums in another order differ by 1e-6, and
 * long chains amplify that; a driver that computes nonsense is off by the size of the values.
 */
const largestDifference = 0.05;
/** How long one probe and all of them may take: a launch is given up after a minute. */
const probeLimitMs = 20_000;
const allProbesMs = 30_000;

/**
 * The backend that a run trains on: the one that was asked for, or the best that answers.
 *
 * `auto` takes the fastest GPU, through ONNX Runtime or TensorFlow's own library where that is installed,
 * if it beats the CPU on this very program; else ONNX Runtime on the CPU. Where that does not load nothing
 * is timed: TensorFlow on a GPU is taken if it answers, else `wasm`. GPUs are asked in child processes and their answers remembered; a
 * machine that shows none is not asked.
 *
 * @throws ProblemError (`environment`) where the one asked for is not there: what was found, what helps
 */
export async function chooseBackend(
  choice: BackendChoice,
  means: ChoiceMeans = {},
): Promise<Backend> {
  const chooser = new Chooser(choice, means);
  return choice.wanted === 'auto' ? await chooser.best() : await chooser.wanted(choice.wanted);
}

class Chooser {
  readonly #choice: BackendChoice;
  readonly #machine: Machine;
  readonly #script: string | null;
  readonly #cache: string | undefined;
  readonly #deadline = performance.now() + allProbesMs;
  /** Why better ones were not taken, clauses. */
  readonly #passedOver: string[] = [];

  constructor(choice: BackendChoice, { machine, script, cache }: ChoiceMeans) {
    this.#choice = choice;
    this.#machine = machine ?? lookAtMachine(choice.experimentFolder);
    this.#script = script === undefined ? ownScript() : script;
    this.#cache = cache;
  }

  async wanted(name: BackendName): Promise<Backend> {
    const method = backendMethod(name);
    const missing = method.missing(this.#machine);
    if (missing) throw notThere(name, missing);
    const answer = name === 'wasm' ? undefined : await this.#answer(method);
    if (answer?.works === false) {
      throw notThere(name, { why: answer.why, remedy: answer.remedy ?? chooseAnother });
    }
    const loaded = await this.#load(method);
    return backend(name, loaded, `${answer?.description ?? loaded.description}; chosen by name`);
  }

  async best(): Promise<Backend> {
    const cpu = backendMethod('onnx-cpu');
    const missing = cpu.missing(this.#machine) ?? failure(await this.#answer(cpu));
    if (missing) return await this.#withoutOnnx(missing.why);
    const gpu = await this.#fastestGpu();
    if (gpu) return gpu;
    let loaded: LoadedBackend;
    try {
      loaded = await this.#load(cpu);
    } catch (error) {
      return await this.#withoutOnnx(problemOf(error).message);
    }
    const why = this.#passedOver.length > 0 ? this.#passedOver.join('; ') : this.#whyNoGpu();
    return backend('onnx-cpu', loaded, `${loaded.description}; ${why}`);
  }

  /** A GPU that beats the CPU on this program, the fastest first. */
  async #fastestGpu(): Promise<Backend | undefined> {
    const candidates = timed
      .map(backendMethod)
      .filter((method) => method.missing(this.#machine) === undefined);
    if (candidates.length === 0 || this.#script === null) return undefined;
    const size = programSize(this.#choice.program, this.#choice.feeds);
    let question: Promise<TimingQuestion> | undefined;
    const answers: { method: BackendMethod; answer: ProbeAnswer; milliseconds: number }[] = [];
    for (const method of candidates) {
      const answer = await this.#answer(method, {
        size,
        // Built when the first one has to be asked: mostly all answers are known.
        question: () => {
          question ??= timingQuestion(this.#choice);
          return question;
        },
      });
      const timing = answer.works ? answer.timing : undefined;
      if (timing && this.#isWorthwhile(method.name, timing)) {
        answers.push({ method, answer, milliseconds: timing.milliseconds });
      } else if (!answer.works) {
        this.#passedOver.push(`${method.name} does not work here (${answer.why})`);
      }
    }
    answers.sort((a, b) => a.milliseconds - b.milliseconds);
    for (const { method, answer } of answers) {
      const found = await this.#tried(method, answer);
      if (found) return found;
    }
    return undefined;
  }

  #isWorthwhile(name: BackendName, timing: NonNullable<Timed['timing']>): boolean {
    const { milliseconds, difference } = timing;
    const share = sharedOut(this.#choice.program) ? sharedOutShare : 1;
    const cpuMilliseconds = timing.cpuMilliseconds * share;
    if (difference > largestDifference) {
      this.#passedOver.push(`${name} computes something else than the processor`);
      return false;
    }
    if (milliseconds * worthwhile <= cpuMilliseconds) return true;
    const [gpu, cpu] = [milliseconds, cpuMilliseconds].map(short);
    this.#passedOver.push(`${name} needs ${gpu} ms for this step and the processor ${cpu}`);
    return false;
  }

  /** A backend that answered well, started; undefined (and noted) where it fails now. */
  async #tried(method: BackendMethod, answer: ProbeAnswer): Promise<Backend | undefined> {
    const { name } = method;
    if (!answer.works) {
      this.#passedOver.push(`${name} does not work here (${answer.why})`);
      return undefined;
    }
    try {
      const loaded = await this.#load(method);
      // The answer may be of an earlier launch: that it still works is seen before it is promised.
      const trial = await loaded.start(this.#choice.program, this.#choice.initial);
      await trial.dispose();
      return backend(name, loaded, `${answer.description}; ${praise(answer)}`);
    } catch (error) {
      this.#passedOver.push(`${name} answered before and fails now (${problemOf(error).message})`);
      return undefined;
    }
  }

  async #withoutOnnx(why: string): Promise<Backend> {
    const native = backendMethod('tfjs-node-gpu');
    // A package that is not installed is nothing that anybody was denied.
    if (native.missing(this.#machine) === undefined) {
      const found = await this.#tried(native, await this.#answer(native));
      if (found) return found;
    }
    const loaded = await this.#load(backendMethod('wasm'));
    const clauses = [...this.#passedOver, `ONNX Runtime does not load (${why})`];
    return backend('wasm', loaded, `${loaded.description}; ${clauses.join('; ')}`);
  }

  /** What a backend answers in a child process, now or in an earlier launch. */
  async #answer(method: BackendMethod, timing?: AskOptions['timing']): Promise<ProbeAnswer> {
    const script = this.#script;
    // Without a command there is no child to ask; loading it here will tell.
    if (script === null) return { works: true, description: '' };
    const limitMs = Math.min(probeLimitMs, this.#deadline - performance.now());
    if (limitMs <= 0) return { works: false, why: 'the others took all the time for trying' };
    return await askBackend(method, {
      machine: this.#machine,
      script,
      limitMs,
      cache: this.#cache,
      ...(timing ? { timing } : {}),
    });
  }

  #load(method: BackendMethod): Promise<LoadedBackend> {
    return named(method.name, 'cannot be loaded', () => method.load(this.#machine));
  }

  #whyNoGpu(): string {
    const { gpus } = this.#machine;
    if (gpus.length === 0) return 'this machine shows no GPU';
    return 'no backend for its GPU is installed';
  }
}

type Timed = Extract<ProbeAnswer, { works: true }>;

const chooseAnother = 'Choose another one, or auto, in the setting ebm.backend.';

function notThere(name: BackendName, { why, remedy }: Missing): ProblemError {
  return new ProblemError({
    kind: 'environment',
    message: `The backend ${name} is not there: ${why}.`,
    remedy,
  });
}

function failure(answer: ProbeAnswer): { why: string } | undefined {
  return answer.works ? undefined : answer;
}

function praise({ timing }: Timed): string {
  if (timing === undefined) return 'a CUDA device answers';
  const { milliseconds, cpuMilliseconds } = timing;
  const times = (cpuMilliseconds / milliseconds).toPrecision(2);
  return `${times} times as fast on this step as the processor (${short(milliseconds)} ms, ${short(cpuMilliseconds)} ms)`;
}

const short = (milliseconds: number) => String(Number(milliseconds.toPrecision(2)));

function backend(name: BackendName, loaded: LoadedBackend, reason: string): Backend {
  return {
    name,
    reason,
    start: async (program, initial) =>
      new GuardedExecution(
        name,
        await named(name, 'cannot start this program', () => loaded.start(program, initial)),
      ),
  };
}

async function timingQuestion({ program, feeds, initial }: BackendChoice): Promise<TimingQuestion> {
  const [{ programAsOnnx }, { plainProgram }, { plainFeed, timingKey }] = await Promise.all([
    import('../run/program-as-onnx'),
    import('../graph/plain-program'),
    import('./time-program'),
  ]);
  const fed = new FeedBuilder(program).build(feeds, timingKey);
  const state = program.state.map((node) => checkedFeed(node, initial));
  return {
    model: programAsOnnx(program),
    program: plainProgram(program),
    inputs: feeds,
    initial,
    feeds: [...fed, ...state].map(plainFeed),
  };
}

/** The script of this process where that is the `ebm` command, which is one file. */
function ownScript(): string | null {
  return typeof __filename === 'string' ? __filename : null;
}

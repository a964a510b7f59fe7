/** The life of a run as a pure machine: what it does next, and who is told what, for each thing that happens. */
import { type Problem, ProblemError } from '../../../protocol/problem';
import type { RunState, RunStatus } from '../../../protocol/run';
import { isLiving } from '../../../vocabulary/run-status';

/** What a run does, one thing after the other. */
export type Work =
  /** A training step. */
  | 'step'
  /** Draws from the model as it is and measures it; keeps what was seen. */
  | 'look'
  | 'keep'
  /** Says what follows from the numbers of a step. */
  | 'judge'
  /** A checkpoint that is due; one that somebody asked for; the one that a run ends with. */
  | 'checkpoint'
  | 'asked checkpoint'
  | 'last checkpoint'
  /** Changes what somebody asked to be changed. */
  | 'change';

/** What people ask of a run. */
export type Ask = 'pause' | 'resume' | 'step' | 'checkpoint' | 'change' | 'stop';

/** What happens to a run. */
export type LifeEvent =
  /** It is ready; `looks`: nobody has seen it yet. */
  | { readonly type: 'begin'; readonly looks: boolean }
  | { readonly type: Ask }
  /** Time to see whether a disk takes again what it refused. */
  | { readonly type: 'retry' }
  /** What was being done is done; `next` comes before everything else. */
  | { readonly type: 'done'; readonly next: readonly Work[] }
  /** Instead of being done, it went back to an earlier state, which must not be lost. */
  | { readonly type: 'rolledBack' }
  /** It is done, and somebody should look at what it gave. */
  | { readonly type: 'doubted'; readonly problem: Problem }
  /** It failed for a reason that may pass. */
  | { readonly type: 'failed'; readonly problem: Problem; readonly error: unknown }
  /** It failed for good. */
  | { readonly type: 'broke'; readonly problem: Problem; readonly error: unknown }
  /** Something cannot be recorded; or could be, when it was tried again; or still cannot. */
  | { readonly type: 'trouble'; readonly problem: Problem }
  | { readonly type: 'recorded' }
  | { readonly type: 'unrecorded'; readonly problem: Problem; readonly error: unknown };

/** What is to be done about it, in this order. */
export type LifeEffect =
  /** Those who follow the run are told its state. */
  | { readonly type: 'tell' }
  /** All who wait for this are told that it is so, or why it cannot be. */
  | { readonly type: 'answer'; readonly ask: Ask }
  | { readonly type: 'refuse'; readonly ask: Ask; readonly error: unknown }
  /** Records what could not be recorded; `recorded` or `unrecorded` follows. */
  | { readonly type: 'record' }
  /** Does this; `done`, `rolledBack`, `doubted`, `failed` or `broke` follows. */
  | { readonly type: 'do'; readonly work: Work };

/** A run between two things that happen to it. */
export interface Life {
  readonly status: RunStatus;
  readonly hasBegun: boolean;
  /** Training steps that are done, of how many. */
  readonly completed: number;
  readonly steps: number;
  /** After how many it ends for now, at most `steps`. */
  readonly until: number;
  /** What is being done. */
  readonly doing?: Work;
  /** What comes before the next step; the first of it has failed where there is a problem. */
  readonly due: readonly Work[];
  /** Somebody wants it to stand still. */
  readonly isHeld: boolean;
  /** But for one step, before it stands still again. */
  readonly isStepping: boolean;
  /** Somebody wants it to end. */
  readonly isStopping: boolean;
  /** Somebody wants a checkpoint. */
  readonly isAsked: boolean;
  /** Somebody wants something changed. */
  readonly isChanging: boolean;
  /** Why it stands still: what failed, or what is doubtful. */
  readonly problem?: Problem;
  /** What cannot be recorded; */
  readonly trouble?: Problem;
  /** and whether that is being tried again, and somebody waits for it to go on. */
  readonly isRecording: boolean;
  readonly isResuming: boolean;
}

/** A run that has not begun. */
export function newLife(completed: number, steps: number, until = steps): Life {
  return {
    status: 'starting',
    hasBegun: false,
    completed,
    steps,
    until: Math.min(until, steps),
    due: [],
    isHeld: false,
    isStepping: false,
    isStopping: false,
    isAsked: false,
    isChanging: false,
    isRecording: false,
    isResuming: false,
  };
}

/** What is told of it, without its speed. */
export function stateOf({ status, completed, steps, problem, trouble }: Life): RunState {
  const shown = isLiving(status) ? (trouble ?? problem) : problem;
  return { status, step: completed, steps, ...(shown === undefined ? {} : { problem: shown }) };
}

/** What becomes of a run by something that happens, and what is to be done about it. */
export function live(
  before: Life,
  event: LifeEvent,
): { readonly life: Life; readonly effects: readonly LifeEffect[] } {
  if (!isLiving(before.status)) return { life: before, effects: afterTheEnd(event) };
  const { life, effects } = settled(happened(before, event));
  const [was, is] = [stateOf(before), stateOf(life)];
  const isNews = was.status !== is.status || was.problem !== is.problem;
  return { life, effects: isNews ? [{ type: 'tell' }, ...effects] : effects };
}

/** A life and what is to be done so far. */
interface Turn {
  readonly life: Life;
  readonly effects: readonly LifeEffect[];
}

const asks: readonly Ask[] = ['pause', 'resume', 'step', 'checkpoint', 'change', 'stop'];

/** Whoever asks something of a run that has ended is told that it has. */
function afterTheEnd({ type }: LifeEvent): LifeEffect[] {
  return asks.filter((ask) => ask === type).map(told);
}

/** What is told at the end: that changes nothing any more. */
function told(ask: Ask): LifeEffect {
  if (ask !== 'change') return { type: 'answer', ask };
  const error = new ProblemError({
    kind: 'worker',
    message: 'The run has ended, so nothing of it can be changed any more.',
    remedy: 'Resume it where it has steps left, or rerun it with changes.',
  });
  return { type: 'refuse', ask, error };
}

/** What an event changes by itself, before anything else is begun. */
function happened(life: Life, event: LifeEvent): Turn {
  switch (event.type) {
    case 'begin':
      return quiet({
        ...life,
        hasBegun: true,
        due: event.looks && !life.isStopping ? ['look', 'keep'] : [],
      });
    case 'pause':
      return quiet({ ...life, isHeld: true, isStepping: false });
    case 'step':
      return stepped(life);
    case 'resume':
      return resumed(life);
    case 'stop':
      return quiet({ ...withoutProblem(life), isStopping: true, due: dueOfStopping(life) });
    case 'checkpoint':
      return quiet({ ...life, isAsked: true });
    case 'change':
      return quiet({ ...life, isChanging: true });
    case 'retry':
      return retried(life);
    case 'done':
      return done(life, event.next);
    case 'rolledBack':
      return quiet({
        ...idle(withoutProblem(life)),
        due: life.isStopping ? [] : ['checkpoint'],
      });
    case 'doubted':
      return quiet(doubted(idle(life), event.problem));
    case 'failed':
      return failed(life, event.problem, event.error);
    case 'broke':
      return broken(life, event.problem, event.error);
    case 'trouble':
      return quiet({ ...life, trouble: event.problem });
    case 'recorded':
      return recorded(life);
    case 'unrecorded': {
      const { isResuming, ...rest } = life;
      return {
        life: { ...rest, isResuming: false, isRecording: false, trouble: event.problem },
        effects: isResuming ? [{ type: 'refuse', ask: 'resume', error: event.error }] : [],
      };
    }
  }
}

/** One step, and it stands still; none that could not be recorded. */
function stepped(life: Life): Turn {
  if (life.trouble !== undefined) {
    const error = new ProblemError(life.trouble);
    return { life, effects: [{ type: 'refuse', ask: 'step', error }] };
  }
  return quiet({ ...withoutProblem(life), isHeld: true, isStepping: true });
}

/** What is not recorded is recorded first: nothing goes on while that cannot be. */
function resumed(life: Life): Turn {
  const willing = { ...life, isHeld: false, isStepping: false };
  if (life.trouble === undefined) return goneOn(willing);
  const effects: LifeEffect[] = life.isRecording ? [] : [{ type: 'record' }];
  return { life: { ...willing, isRecording: true, isResuming: true }, effects };
}

/** Goes on; whoever waited for it to stand still waits no more. */
function goneOn(life: Life): Turn {
  return {
    life: { ...withoutProblem(life), isResuming: false },
    effects: [
      { type: 'answer', ask: 'pause' },
      { type: 'answer', ask: 'step' },
      { type: 'answer', ask: 'resume' },
    ],
  };
}

/** What a disk refused is tried again, unless somebody wants the run to stand still. */
function retried(life: Life): Turn {
  if (life.isHeld || life.status !== 'paused') return quiet(life);
  if (life.trouble !== undefined) {
    if (life.isRecording) return quiet(life);
    return { life: { ...life, isRecording: true }, effects: [{ type: 'record' }] };
  }
  const [first, ...due] = life.due;
  const isRefused = life.problem?.kind === 'storage' && life.doing === undefined;
  if (!isRefused || first === undefined) return quiet(life);
  // It stands still, with its problem, until that has gone well.
  return { life: { ...life, doing: first, due }, effects: [{ type: 'do', work: first }] };
}

function recorded(life: Life): Turn {
  const { trouble: _, ...rest } = life;
  const free = { ...rest, isRecording: false };
  return life.isResuming ? goneOn(free) : retried(free);
}

function done(life: Life, next: readonly Work[]): Turn {
  const { doing } = life;
  const due = [...next, ...life.due];
  const after = { ...idle(life), due: life.isStopping ? due.filter(isKept) : due };
  switch (doing) {
    case 'step':
      return quiet({ ...withoutProblem(after), completed: life.completed + 1 });
    case 'asked checkpoint':
      return { life: after, effects: [{ type: 'answer', ask: 'checkpoint' }] };
    case 'change':
      // Who asked has heard what came of it.
      return quiet(after);
    case 'last checkpoint':
      return ended(withoutProblem(after));
    default:
      return quiet(withoutProblem(after));
  }
}

/** The run is over, and all who waited for anything are told so. */
function ended(life: Life): Turn {
  const status = life.completed === life.steps ? 'finished' : 'stopped';
  const { trouble: _, ...rest } = life;
  return {
    life: { ...rest, status, due: [] },
    effects: asks.map(told),
  };
}

/** Who goes on all the same may want a way back to here. */
function doubted(life: Life, problem: Problem): Life {
  return life.isStopping ? life : { ...life, problem, due: ['checkpoint'] };
}

function failed(life: Life, problem: Problem, error: unknown): Turn {
  const { doing, isStopping } = life;
  const after = idle(life);
  if (doing === 'asked checkpoint') {
    // That is for those to hear who asked: training goes on.
    return { life: after, effects: [{ type: 'refuse', ask: 'checkpoint', error }] };
  }
  if (doing === 'last checkpoint') {
    const isThrough = life.completed >= life.until;
    return {
      // Who asked to stop is to say what now; what is through only waits to be written.
      life: {
        ...after,
        isStopping: false,
        isHeld: life.isHeld || isStopping,
        problem,
        due: [isThrough ? doing : 'checkpoint'],
      },
      effects: isStopping ? [{ type: 'refuse', ask: 'stop', error }] : [],
    };
  }
  // It ends without that.
  if (isStopping) return quiet(after);
  return quiet({ ...after, problem, due: doing === undefined ? life.due : [doing, ...life.due] });
}

function broken(life: Life, problem: Problem, error: unknown): Turn {
  const { trouble: _, ...rest } = idle(life);
  return {
    life: { ...rest, status: 'failed', problem, due: [] },
    effects: [
      { type: 'answer', ask: 'pause' },
      { type: 'answer', ask: 'resume' },
      { type: 'refuse', ask: 'step', error },
      { type: 'refuse', ask: 'checkpoint', error },
      { type: 'refuse', ask: 'change', error },
      { type: 'refuse', ask: 'stop', error },
    ],
  };
}

/** Begins what comes next, where nothing is being done and nothing is in the way. */
function settled({ life, effects }: Turn): Turn {
  if (!isLiving(life.status)) return { life, effects };
  if (!life.hasBegun || life.doing !== undefined) {
    return { life: life.isStopping ? stopping(life) : life, effects };
  }
  if (standsStill(life)) {
    const standing: Life = { ...life, status: 'paused', isStepping: false };
    if (life.isChanging) return begun(standing, 'change', effects);
    if (life.isAsked) return begun(standing, 'asked checkpoint', effects);
    const answers = (['pause', 'step'] as const).map((ask) => ({ type: 'answer', ask }) as const);
    return { life: standing, effects: [...effects, ...answers] };
  }
  const going: Life = life.isStopping ? stopping(life) : { ...life, status: 'running' };
  return begun(going, nextOf(life), effects);
}

/** What was begun before somebody asks for a pause is brought to its end first, if it can be. */
function standsStill(life: Life): boolean {
  if (life.isStopping) return false;
  if (life.problem !== undefined) return true;
  const isWished = (life.isHeld && !life.isStepping) || life.trouble !== undefined;
  const [first = 'step'] = life.due;
  return isWished && first === 'step' && life.completed < life.until;
}

function nextOf({ due, isStopping, isAsked, isChanging, completed, until }: Life): Work {
  const [first] = due;
  if (first !== undefined) return first;
  if (isStopping || completed >= until) return 'last checkpoint';
  if (isChanging) return 'change';
  return isAsked ? 'asked checkpoint' : 'step';
}

function begun(life: Life, work: Work, effects: readonly LifeEffect[]): Turn {
  const due = life.due[0] === work ? life.due.slice(1) : life.due;
  // Who asks from here on wants a later one.
  const isAsked = work === 'asked checkpoint' ? false : life.isAsked;
  const isChanging = work === 'change' ? false : life.isChanging;
  const isStepping = work === 'step' ? false : life.isStepping;
  return {
    life: { ...life, doing: work, due, isAsked, isChanging, isStepping },
    effects: [...effects, { type: 'do', work }],
  };
}

/** What is still worth doing when a run is to end: the checkpoint that it ends with stands for all others. */
function dueOfStopping({ due, problem }: Life): readonly Work[] {
  const [, ...others] = due;
  return (problem === undefined ? due : others).filter(isKept);
}

function isKept(work: Work): boolean {
  return work === 'look' || work === 'keep' || work === 'judge';
}

function stopping(life: Life): Life {
  return { ...life, status: 'stopping' };
}

function idle({ doing: _, ...life }: Life): Life {
  return life;
}

function withoutProblem({ problem: _, ...life }: Life): Life {
  return life;
}

function quiet(life: Life): Turn {
  return { life, effects: [] };
}

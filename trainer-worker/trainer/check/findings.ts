import type { CheckFact, CheckFinding } from '../../../protocol/check';
import type { Problem } from '../../../protocol/problem';
import type { OptionPath } from '../../methods/options/option-error';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import { placeOfOption } from '../experiment/option-location';

/** What is found has a message, a remedy and the option that it is about. */
interface Found {
  readonly message: string;
  readonly remedy: string;
  /** The option of `experiment()` that it is told at. */
  readonly at: OptionPath;
  /** Default `'experiment'`. */
  readonly kind?: Problem['kind'];
}

/** Collects what a check learns. */
export class Findings {
  readonly #facts: CheckFact[] = [];
  readonly #found: CheckFinding[] = [];
  #loaded: LoadedExperiment | undefined;

  get facts(): readonly CheckFact[] {
    return this.#facts;
  }

  /** What is wrong first. */
  get all(): readonly CheckFinding[] {
    const isWrong = ({ severity }: CheckFinding) => severity === 'wrong';
    return [...this.#found.filter(isWrong), ...this.#found.filter((finding) => !isWrong(finding))];
  }

  get hasWrong(): boolean {
    return this.#found.some(({ severity }) => severity === 'wrong');
  }

  /** From here on findings have the places of this experiment's options. */
  locateIn(loaded: LoadedExperiment): void {
    this.#loaded = loaded;
  }

  fact(about: string, text: string): void {
    this.#facts.push({ about, text });
  }

  /** A problem that ends the check. */
  problem(problem: Problem, at: OptionPath = []): void {
    const location = problem.location ?? this.#placeOf(at);
    this.#found.push({ severity: 'wrong', ...problem, ...(location ? { location } : {}) });
  }

  /** What a run would warn of as well; it says itself what to do. */
  warning(message: string, at: OptionPath): void {
    const location = this.#placeOf(at);
    this.#found.push({
      severity: 'doubtful',
      kind: 'experiment',
      message,
      ...(location ? { location } : {}),
    });
  }

  wrong(found: Found): void {
    this.#add('wrong', found);
  }

  doubtful(found: Found): void {
    this.#add('doubtful', found);
  }

  #add(severity: CheckFinding['severity'], { at, kind = 'experiment', ...text }: Found): void {
    const location = this.#placeOf(at);
    this.#found.push({ severity, kind, ...text, ...(location ? { location } : {}) });
  }

  #placeOf(at: OptionPath) {
    return this.#loaded && placeOfOption(this.#loaded, at);
  }
}

import { errorName } from '../../../protocol/run';
import { isKnown } from '../../methods/diagnostics/estimate';
import type { NamedDiagnostic } from '../../methods/diagnostics/prepare';
import type { StepMetrics } from './training-step';

/** Previews at which a metric may be unknown before that is said. */
const patience = 10;
/** It has been said. */
const told = Number.POSITIVE_INFINITY;

/** A step of which a model is measured. */
interface Moment {
  readonly step: number;
  readonly isLast: boolean;
}

/** What was measured of a model, and what is to be said about it. */
interface Measured {
  /** Values and their standard errors by name; NaN where a value is not known. */
  readonly metrics: StepMetrics;
  readonly notices: readonly string[];
}

/**
 * Measures a model at one preview after the other. What is not known is recorded as such, and said once:
 * when it stops being known, after some previews without it, or at the end.
 */
export class Measuring {
  readonly #diagnostics: readonly NamedDiagnostic[];
  readonly #around: Around;
  /** For how many previews a metric has not been known; 0 where it was at the last. */
  readonly #unknown = new Map<string, number>();

  /** @param around does one of them, given its name */
  constructor(diagnostics: readonly NamedDiagnostic[], around: Around) {
    this.#diagnostics = diagnostics;
    this.#around = around;
  }

  /** All that is measured of the model as it is. */
  async measure(
    subject: Parameters<NamedDiagnostic['measure']>[0],
    { step, isLast }: Moment,
  ): Promise<Measured> {
    const metrics: Record<string, number> = {};
    const untold = new Map<string, string[]>();
    for (const diagnostic of this.#diagnostics) {
      const values = await this.#around(diagnostic.name, () => diagnostic.measure(subject));
      for (const [name, value] of Object.entries(values)) {
        if (typeof value === 'number') {
          metrics[name] = value;
        } else if (isKnown(value)) {
          metrics[name] = value.value;
          metrics[errorName(name)] = value.error;
          this.#unknown.set(name, 0);
        } else {
          // Whoever asks for the last value must not be given an older one.
          metrics[name] = Number.NaN;
          if (!this.#isNews(name, isLast)) continue;
          const label = diagnostic.metrics.find((metric) => metric.name === name)?.label ?? name;
          untold.set(value.unknown, [...(untold.get(value.unknown) ?? []), label]);
        }
      }
    }
    const notices = [...untold].map(
      ([why, labels]) => `${labels.join('; ')}: not known at step ${step}: ${why}.`,
    );
    return { metrics, notices };
  }

  /** Whether that a metric is not known is to be said now; it is told once, however often it follows. */
  #isNews(name: string, isLast: boolean): boolean {
    const before = this.#unknown.get(name);
    if (before === told) return false;
    // Networks that have just begun mostly have no integral; what was known, or still is not, counts.
    const times = (before ?? 0) + 1;
    const isNews = before === 0 || times === patience || isLast;
    this.#unknown.set(name, isNews ? told : times);
    return isNews;
  }
}

type Around = <T>(name: string, measure: () => Promise<T>) => Promise<T>;

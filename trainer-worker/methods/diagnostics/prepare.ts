import type { DiagnosticName, DiagnosticSpec } from '.';
import { diagnostics } from '.';
import { customDiagnostic } from './custom';
import type { Diagnostic, DiagnosticContext } from './diagnostic';
import { type SmallSpace, smallSpaceOf } from './small-space';

/** What is measured where an experiment does not say, as far as it can be. */
const standard: readonly DiagnosticName[] = ['likelihood', 'kullbackLeibler'];

/** A diagnostic with what experiments call it. */
export interface NamedDiagnostic extends Diagnostic {
  readonly name: string;
}

interface Prepared {
  readonly diagnostics: readonly NamedDiagnostic[];
  /** Where some are of all of a small space. */
  readonly space?: SmallSpace;
  /** What was asked for and cannot be measured. */
  readonly warnings: readonly string[];
}

/**
 * Makes ready what is to be measured.
 *
 * @param wanted what the experiment asks for; `null` for the likelihood and the divergence
 * @param given `resolution`: cells along each side of the shown landscape; 0 where none is shown; `files`: the user's, for
 *   where problems of own measures lie
 */
export function prepareDiagnostics(
  wanted: readonly DiagnosticSpec[] | null,
  {
    resolution,
    files = [],
    ...given
  }: Omit<DiagnosticContext, 'space'> & {
    readonly resolution: number;
    readonly files?: readonly string[];
  },
): Prepared {
  // Sums over bounds are no log Z of the model.
  const space = given.isBound ? undefined : smallSpaceOf(given.dataset, given.bounds, resolution);
  const context = { ...given, ...(space ? { space } : {}) };
  const prepared: NamedDiagnostic[] = [];
  const warnings: string[] = [];
  for (const name of new Set(wanted ?? standard)) {
    if (typeof name === 'object') {
      prepared.push({ ...customDiagnostic(name, context, files), name: name.name });
      continue;
    }
    const { needs, prepare } = diagnostics[name];
    const diagnostic = prepare(context);
    if (diagnostic) prepared.push({ ...diagnostic, name });
    else if (wanted) warnings.push(`The diagnostic '${name}' is not measured: it needs ${needs}.`);
  }
  return { diagnostics: prepared, ...(space ? { space } : {}), warnings };
}

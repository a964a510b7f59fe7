import type { DiagnosticName } from '.';
import { diagnostics } from '.';
import type { Diagnostic, DiagnosticContext } from './diagnostic';
import { type Quadrature, quadratureOf } from './quadrature';

/** What is measured where an experiment does not say, as far as it can be. */
const standard: readonly DiagnosticName[] = ['likelihood', 'kullbackLeibler'];

interface Prepared {
  readonly diagnostics: readonly Diagnostic[];
  readonly quadrature?: Quadrature;
  /** What was asked for and cannot be measured. */
  readonly warnings: readonly string[];
}

/**
 * Makes ready what is to be measured.
 *
 * @param names what the experiment asks for; `null` for the likelihood and the divergence
 * @param context `resolution`: cells along each side of the shown landscape; 0 where none is shown
 */
export function prepareDiagnostics(
  names: readonly DiagnosticName[] | null,
  { resolution, ...rest }: Omit<DiagnosticContext, 'quadrature'> & { readonly resolution: number },
): Prepared {
  const quadrature = quadratureOf({ ...rest, domain: rest.dataset.domain }, resolution);
  const context = { ...rest, ...(quadrature ? { quadrature } : {}) };
  const prepared: Diagnostic[] = [];
  const warnings: string[] = [];
  for (const name of new Set(names ?? standard)) {
    const { needs, prepare } = diagnostics[name];
    const diagnostic = prepare(context);
    if (diagnostic) prepared.push(diagnostic);
    else if (names) warnings.push(`The diagnostic '${name}' is not measured: it needs ${needs}.`);
  }
  return { diagnostics: prepared, ...(quadrature ? { quadrature } : {}), warnings };
}

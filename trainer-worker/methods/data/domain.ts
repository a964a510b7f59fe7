/**
 * Where every number of a data row lies: anywhere on the line, at zero or above, or at 0 or 1; or at 0 or 1
 * with one 1 for each category, whose levels are columns side by side (`categories.ts`). It decides which
 * objectives, samplers and energies make sense, and where chains start.
 */
export type Domain = 'real' | 'nonnegative' | 'binary' | 'categorical';

/** Whether rows are some of finitely many, so that laws are sums and there is nothing between two rows. */
export function isDiscrete(domain: Domain): domain is 'binary' | 'categorical' {
  return domain === 'binary' || domain === 'categorical';
}

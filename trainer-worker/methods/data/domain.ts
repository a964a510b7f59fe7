/**
 * Where every number of a data row lies: anywhere on the line, at zero or above, or at 0 or 1. It
 * decides which objectives, samplers and energies make sense, and where chains start.
 */
export type Domain = 'real' | 'nonnegative' | 'binary';

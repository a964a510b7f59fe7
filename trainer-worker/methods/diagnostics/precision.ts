/** The part of itself that an energy in single precision is known to: rounded, and computed from others. */
export const precision = 2 ** -22;

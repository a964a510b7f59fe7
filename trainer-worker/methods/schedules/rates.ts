import { notNegative, positive } from '../options/numbers';

/** A learning rate. @internal */
export const rate = positive.max(1000);

/** A learning rate to end with, which may be none at all. @internal */
export const finalRate = notNegative.max(1000).default(0);

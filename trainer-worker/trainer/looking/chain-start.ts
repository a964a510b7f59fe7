/** Where chains may start that samples are drawn with. */
export const chainStarts = ['noise', 'data', 'buffer'] as const;
export type ChainStart = (typeof chainStarts)[number];

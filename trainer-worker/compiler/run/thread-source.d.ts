/** A module and what it imports as one script, for a thread to evaluate; made by `scripts/threads.mjs`. */
declare module '*?thread' {
  export const source: string;
}

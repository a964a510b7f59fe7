declare module 'jasmine-core' {
  /** What a spec came to. */
  export interface SpecResult {
    readonly fullName: string;
    readonly status: 'passed' | 'failed' | 'pending' | 'excluded';
    readonly failedExpectations: readonly { readonly message: string }[];
  }
  interface MatcherResult {
    readonly pass: boolean;
    readonly message?: string;
  }
  export interface Jasmine {
    addMatchers(
      matchers: Readonly<Record<string, () => { compare(actual: never): MatcherResult }>>,
    ): void;
    getEnv(): {
      configure(options: { readonly random: boolean }): void;
      addReporter(reporter: {
        specStarted?(result: SpecResult): void;
        specDone?(result: SpecResult): void;
      }): void;
      execute(): Promise<{ readonly overallStatus: string }>;
    };
  }
  const core: {
    /** The functions that specs call, `jasmine` among them, without making them global. */
    noGlobals(): {
      readonly jasmine: Jasmine;
      readonly describe: (name: string, specs: () => void) => void;
      readonly it: (name: string, spec?: () => unknown, timeout?: number) => void;
      readonly xit: (name: string) => void;
      readonly beforeEach: (action: () => void) => void;
    } & Readonly<Record<string, unknown>>;
  };
  // biome-ignore lint/style/noDefaultExport: it is what importing a CommonJS package gives.
  export default core;
}

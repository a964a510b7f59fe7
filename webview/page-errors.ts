/** What is known of something that was thrown and not caught. */
export interface PageError {
  readonly message: string;
  readonly stack?: string;
}

/** Calls `report` for whatever is thrown in the page and caught by nobody. */
export function watchPageErrors(report: (error: PageError) => void): void {
  const tell = (thrown: unknown, fallback: string) => {
    if (thrown instanceof Error) {
      report({ message: thrown.message, ...(thrown.stack ? { stack: thrown.stack } : {}) });
    } else {
      report({ message: thrown === undefined || thrown === null ? fallback : String(thrown) });
    }
  };
  window.addEventListener('error', (event) => {
    // Layout ran out of time within a frame and goes on in the next: the browser's own business.
    if (event.message.startsWith('ResizeObserver loop')) return;
    tell(event.error, event.message);
  });
  window.addEventListener('unhandledrejection', (event) => tell(event.reason, 'Rejected'));
}

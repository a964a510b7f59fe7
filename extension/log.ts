/** Where the extension says what it does; the editor's log channel is one. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/**
 * What an error of a native library says to a person: its first line, without the place in the
 * library's source that ONNX Runtime puts before it, and without a full stop.
 */
export function plainMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .trim()
    .split('\n', 1)[0]!
    .trim()
    .replace(/^\/\S+\.(?:cc|h):\d+ .* was false\. /, '')
    .replace(/\.$/, '');
}

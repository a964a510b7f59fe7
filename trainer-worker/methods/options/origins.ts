const origins = new WeakMap<object, string>();

/** Notes that `spec` was made by whoever calls now. */
export function rememberOrigin(spec: object): void {
  const { stack } = new Error('origin');
  if (stack !== undefined) origins.set(spec, stack);
}

/** The stack of the call that made `spec`, if it is known. */
export function originOf(spec: object): string | undefined {
  return origins.get(spec);
}

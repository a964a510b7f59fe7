import { types } from 'node:util';

/** The functions of `node:util` that Node 23 removed and that `@tensorflow/tfjs-node` calls. */
const removed: Readonly<Record<string, (value: unknown) => boolean>> = {
  isArray: Array.isArray,
  isBoolean: (value) => typeof value === 'boolean',
  isBuffer: (value) => Buffer.isBuffer(value),
  isDate: types.isDate,
  isError: (value) => types.isNativeError(value) || value instanceof Error,
  isFunction: (value) => typeof value === 'function',
  isNull: (value) => value === null,
  isNullOrUndefined: (value) => value === null || value === undefined,
  isNumber: (value) => typeof value === 'number',
  isObject: (value) => value !== null && typeof value === 'object',
  isPrimitive: (value) => value === null || !['object', 'function'].includes(typeof value),
  isRegExp: types.isRegExp,
  isString: (value) => typeof value === 'string',
  isSymbol: (value) => typeof value === 'symbol',
  isUndefined: (value) => value === undefined,
};

/**
 * Puts back what Node 23 took out of `node:util` and `@tensorflow/tfjs-node` 4.22 still calls
 * (tensorflow/tfjs#8609; mended there, never released). What is there is left as it is.
 *
 * @param util the module, as `require('node:util')` gives it
 */
export function restoreLegacyUtil(util: object): void {
  for (const [name, implementation] of Object.entries(removed)) {
    if (!(name in util)) Object.defineProperty(util, name, { value: implementation });
  }
}

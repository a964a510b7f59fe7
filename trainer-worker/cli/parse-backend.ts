import { InvalidArgumentError } from 'commander';
import { type BackendName, backendNames, type WantedBackend } from '../../protocol/backends';

/** The name of a backend from the command line. */
export function parseBackend(text: string): BackendName {
  const name = backendNames.find((known) => known === text);
  if (name !== undefined) return name;
  throw new InvalidArgumentError(`It is one of ${backendNames.join(', ')}.`);
}

/** A wanted backend from the command line. */
export function parseWantedBackend(text: string): WantedBackend {
  return text === 'auto' ? 'auto' : parseBackend(text);
}

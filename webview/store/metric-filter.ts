import type { MetricInfo } from '../../protocol/run';

/** Whether a metric is meant: each word that was typed is in its name, its label or its group. */
export function isMeant({ name, label, group }: MetricInfo, typed: string): boolean {
  const text = `${name} ${label} ${group}`.toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

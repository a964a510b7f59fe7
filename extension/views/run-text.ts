/** How a run is put into words and icons, the same in the status bar, the lists and the tooltips. */
import type { Contact, RunManifest, RunState } from '../../protocol/run';
import {
  formatCount,
  formatDuration,
  formatPercent,
  formatSpeed,
} from '../../vocabulary/quantities';
import { conditionOf, factsOf } from '../../vocabulary/run-status';
import { rungText } from '../../vocabulary/rungs';

/** The id of a product icon. */
export function statusIconId({ status }: RunState, contact: Contact): string {
  return factsOf(conditionOf(status, contact)).icon;
}

/** The same icon inside a text, `$(name)`. */
export function statusIcon(state: RunState, contact: Contact): string {
  return `$(${statusIconId(state, contact)})`;
}

/** One or two words. */
export function statusName({ status }: RunState, contact: Contact): string {
  return factsOf(conditionOf(status, contact)).word;
}

/** How a run stands, in a few words: {@link statusName}, or at which rung of its sweep it waits. */
export function standingText({
  state,
  contact,
  manifest,
}: {
  readonly state: RunState;
  readonly contact: Contact;
  readonly manifest: RunManifest;
}): string {
  return rungText({ ...manifest, state }) ?? statusName(state, contact);
}

/** `1,200/5,000 · 24 %`. */
export function progressText({ step, steps }: RunState): string {
  const count = `${formatCount(step)}/${formatCount(steps)}`;
  return steps > 0 ? `${count} · ${formatPercent(step, steps)}` : count;
}

/** How far a sweep is. */
export interface SweepProgress {
  /** How many of its runs are done and need not be repeated. */
  readonly done: number;
  /** How many wait at a rung, where only the best of its runs go on. */
  readonly waiting: number;
  /** How many runs it has when all have begun. */
  readonly of: number;
  /** How many are in training. */
  readonly living: number;
}

/** `3 of 8 done · 3 at rungs · 2 in training`. */
export function sweepProgressText({ done, waiting, of, living }: SweepProgress): string {
  const parts = [
    `${done} of ${of} done`,
    ...(waiting === 0 ? [] : [`${waiting} at rungs`]),
    ...(living === 0 ? [] : [`${living} in training`]),
  ];
  return parts.join(' · ');
}

/** `35 s left`; empty where nobody can tell. */
export function timeLeftText({ secondsLeft }: RunState): string {
  return secondsLeft === undefined ? '' : `${formatDuration(secondsLeft)} left`;
}

/** `142 steps/s`; empty where nobody can tell. */
export function speedText({ stepsPerSecond }: RunState): string {
  return stepsPerSecond === undefined ? '' : `${formatSpeed(stepsPerSecond)} steps/s`;
}

/** `just now`, `5 min ago`, `3 h ago`, `2 days ago`. */
export function ageText(createdAt: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(createdAt)) / 1000);
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? 'yesterday' : `${days} days ago`;
}

/** When something was, in local time: `22:45` of today, else `2026-03-01 22:45`. */
export function timeText(createdAt: string, now: number): string {
  const at = new Date(createdAt);
  if (Number.isNaN(at.getTime())) return '';
  const two = (value: number) => String(value).padStart(2, '0');
  const day = (date: Date) =>
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return day(at) === day(new Date(now)) ? time : `${day(at)} ${time}`;
}

import type { EnergyRange } from '../../protocol/energy-range';
import type { PanelPersistedState } from '../../protocol/panel';

/** Where the user is: all that survives a reload of the page. */
export interface Navigation {
  /** The step looked at, or none where the page follows the newest. */
  readonly step: number | undefined;
  /** The dimensions on the horizontal and the vertical axis. */
  readonly axes: readonly [number, number];
  /** Whether the plane of the principal axes is looked at in place of that. */
  readonly isPrincipal: boolean;
  /** Whether columns are looked at against one another in pairs. */
  readonly isPaired: boolean;
  /** Which columns then; the first ones where absent. */
  readonly pairColumns: readonly number[] | undefined;
  /** The energies at the ends of the colours of all steps; each step has its own where absent. */
  readonly energyRange: EnergyRange | undefined;
  /** Weight of the moving average over curves, 0 to below 1. */
  readonly smoothing: number;
  readonly logScale: boolean;
  /** What the horizontal axis of the curves counts. */
  readonly curveAxis: CurveAxisKind;
}

/** Steps, seconds, rows of data, or the value of a metric. */
export type CurveAxisKind = 'step' | 'time' | 'samples' | `metric:${string}`;

export const startOfNavigation: Navigation = {
  step: undefined,
  axes: [0, 1],
  isPrincipal: false,
  isPaired: false,
  pairColumns: undefined,
  energyRange: undefined,
  smoothing: 0,
  logScale: false,
  curveAxis: 'step',
};

/**
 * The navigation kept for `runDirectory`. Whatever else is stored (another run's, another version's,
 * another program's) is the same as nothing: the page must open.
 */
export function restoredNavigation(stored: unknown, runDirectory: string): Navigation {
  if (typeof stored !== 'object' || stored === null) return startOfNavigation;
  const { version, runDirectory: kept, ...rest } = stored as Partial<PanelPersistedState>;
  if (version !== 1 || kept !== runDirectory) return startOfNavigation;
  const { step, axes, smoothing, logScale, curveAxis } = rest;
  return {
    step: isCount(step) ? step : undefined,
    axes:
      Array.isArray(axes) && axes.length === 2 && axes.every(isCount)
        ? [axes[0], axes[1]]
        : startOfNavigation.axes,
    smoothing: typeof smoothing === 'number' && smoothing >= 0 && smoothing < 1 ? smoothing : 0,
    isPrincipal: rest.isPrincipal === true,
    isPaired: rest.isPaired === true,
    pairColumns:
      Array.isArray(rest.pairColumns) && rest.pairColumns.every(isCount)
        ? rest.pairColumns
        : undefined,
    energyRange: isEnergyRange(rest.energyRange) ? rest.energyRange : undefined,
    logScale: logScale === true,
    curveAxis: isAxisKind(curveAxis) ? curveAxis : startOfNavigation.curveAxis,
  };
}

/** What is to be kept of a navigation. */
export function persistedState(navigation: Navigation, runDirectory: string): PanelPersistedState {
  const { step, axes, isPrincipal, isPaired, pairColumns, energyRange, ...curves } = navigation;
  const { smoothing, logScale, curveAxis } = curves;
  return {
    version: 1,
    runDirectory,
    ...(step === undefined ? {} : { step }),
    axes,
    isPrincipal,
    isPaired,
    ...(pairColumns ? { pairColumns } : {}),
    ...(energyRange ? { energyRange } : {}),
    smoothing,
    logScale,
    curveAxis,
  };
}

/** The axes kept, if a sample has those dimensions, else the first two. */
export function validAxes(
  [x, y]: readonly [number, number],
  dimensions: number,
): readonly [number, number] {
  return x !== y && x < dimensions && y < dimensions ? [x, y] : [0, Math.min(1, dimensions - 1)];
}

function isEnergyRange(value: unknown): value is EnergyRange {
  if (typeof value !== 'object' || value === null) return false;
  const { low, high } = value as Partial<EnergyRange>;
  return Number.isFinite(low) && Number.isFinite(high) && low! < high!;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isAxisKind(value: unknown): value is CurveAxisKind {
  return typeof value === 'string' && /^(step$|time$|samples$|metric:)/.test(value);
}

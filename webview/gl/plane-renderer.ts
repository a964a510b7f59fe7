import type { EnergyRange } from '../../protocol/energy-range';
import type { Rgba } from '../store/contrast';
import { CanvasPlaneRenderer } from './canvas-plane-renderer';
import { WebGlPlaneRenderer } from './webgl-plane-renderer';

/** Points of one kind, drawn as discs with an outline. */
export interface PointLayer {
  /** `[count, 2]` in model space. */
  readonly points: Float32Array;
  /** Radius of the fill, in CSS pixels. */
  readonly radius: number;
  readonly fill: Rgba;
  readonly outline: Rgba;
  /** Width of the outline around the fill, in CSS pixels. */
  readonly outlineWidth: number;
}

/** A window of the plane, in model space. */
export interface PlaneWindow {
  readonly xLow: number;
  readonly xHigh: number;
  readonly yLow: number;
  readonly yHigh: number;
}

/** Energies over the window, row-major, rows along y. */
interface PlaneField {
  /** `[resolution, resolution]`, all finite. */
  readonly values: Float32Array;
  /** 1 where the energy is not a number: hatched. All are numbers where absent. */
  readonly holes?: Uint8Array | undefined;
  readonly resolution: number;
}

/** Everything in the picture, from back to front. */
export interface PlaneScene {
  readonly window: PlaneWindow;
  readonly field: PlaneField | undefined;
  /** Whether the field's colours are drawn. */
  readonly showField: boolean;
  /** Energies at the two ends of the colour map. */
  readonly range: EnergyRange;
  /** Energy between two contour lines, or none where no lines are drawn. */
  readonly contourStep: number | undefined;
  /** Colour of contour lines where no colours are beneath them, and of hatchings. */
  readonly contourColor: Rgba;
  readonly layers: readonly PointLayer[];
}

/** Draws scenes on the canvas it was made for. */
export interface PlaneRenderer {
  readonly canvas: HTMLCanvasElement;
  /** Which drawing interface it uses. */
  readonly kind: 'webgl2' | 'canvas';
  /** The size of the picture in CSS pixels, and device pixels per CSS pixel. */
  resize(width: number, height: number, pixelRatio: number): void;
  draw(scene: PlaneScene): void;
}

/**
 * A renderer on a canvas of its own: WebGL 2 where the browser has it, Canvas 2D else.
 *
 * @param restored called when the graphics card came back after a loss and wants to be drawn again
 */
export function createPlaneRenderer(restored: () => void): PlaneRenderer {
  return WebGlPlaneRenderer.create(restored) ?? new CanvasPlaneRenderer();
}

import type { PreviewFrame, RunState } from '../../../protocol/run';
import type { EditorSide, TrainerSide } from '../../../protocol/trainer';
import { Client } from './client';
import { PointBuffer } from './point-buffer';

/** Previews that may wait while a reply is prepared; more of them are read from disk. */
const mostHeldPreviews = 8;
/** Points that may wait while a reply is prepared; 16 bytes each, at most. */
const largestBuffer = 500_000;

/**
 * One connected client and what it is to hear. Whatever it does, not much more of memory is held for
 * it than 16 MiB that it has not read, one message, 8 MB of points and 8 previews.
 *
 * - `silent`: connected, has not asked for anything
 * - `waiting`: wants to attach to a run that has not begun; hears states
 * - `holding`: its attachment is being prepared; everything from that moment on is kept for it
 * - `live`: hears everything
 * - `lagging`: was too slow; hears states where there is room, until it attaches again
 */
export class Subscriber extends Client<TrainerSide, EditorSide> {
  readonly #points = new PointBuffer();
  readonly #heldPreviews: PreviewFrame[] = [];
  #phase: 'silent' | 'waiting' | 'holding' | 'live' | 'lagging' = 'silent';
  /** Counts attachments, so that an older one that is still prepared changes nothing. */
  #attachment = 0;

  /** Whether it asked to attach. */
  get isAttached(): boolean {
    return this.#phase !== 'silent';
  }

  wait(): void {
    if (this.#phase === 'silent') this.#phase = 'waiting';
  }

  /**
   * From this moment on everything is kept for it, and sent after `goLive` is called.
   *
   * @param earlier points that come before those of this moment
   */
  hold(
    earlier: readonly (readonly [step: number, values: readonly (readonly [string, number])[]])[],
  ): () => void {
    this.#attachment += 1;
    const attachment = this.#attachment;
    this.#phase = 'holding';
    this.#points.clear();
    this.#heldPreviews.length = 0;
    for (const [step, values] of earlier) this.#points.add(step, values);
    return () => {
      if (attachment !== this.#attachment || this.#phase !== 'holding') return;
      this.#phase = 'live';
      this.sendPoints();
      for (const frame of this.#heldPreviews.splice(0)) this.preview(frame);
    };
  }

  add(step: number, values: Readonly<Record<string, number>>): void {
    if (this.#phase !== 'live' && this.#phase !== 'holding') return;
    this.#points.add(step, Object.entries(values));
    if (this.#points.count > largestBuffer) this.lag();
  }

  preview(frame: PreviewFrame): void {
    if (this.#phase === 'holding') {
      this.#heldPreviews.push(frame);
      if (this.#heldPreviews.length > mostHeldPreviews) this.lag();
    } else if (this.#phase === 'live' && this.#hasRoomOrLags()) this.peer.emit('preview', frame);
  }

  /** Sends the points that wait. */
  sendPoints(): void {
    if (this.#phase !== 'live' || this.#points.count === 0 || !this.#hasRoomOrLags()) return;
    this.peer.emit('metrics', this.#points.take());
  }

  state(state: RunState): void {
    // While its attachment is prepared it will get the state with that.
    if (this.#phase === 'silent' || this.#phase === 'holding') return;
    this.sendPoints();
    if (this.#hasRoomOrLags()) this.peer.emit('state', state);
  }

  #hasRoomOrLags(): boolean {
    if (this.hasRoom) return true;
    this.lag();
    return false;
  }

  /** Tells it to attach anew; until then it hears states only. */
  lag(): void {
    if (this.#phase !== 'holding' && this.#phase !== 'live') return;
    this.#phase = 'lagging';
    this.#points.clear();
    this.#heldPreviews.length = 0;
    this.peer.emit('lagging', {});
  }
}

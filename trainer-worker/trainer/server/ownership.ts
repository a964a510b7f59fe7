import { ProblemError } from '../../../protocol/problem';
import type { Control, OwnerWish } from '../../../protocol/trainer';

/** How often {@link Ownership.tick} is to be called. */
export const tickMs = 1_000;
/** An owner that has been silent for so many ticks counts as gone; editors say a word each second. */
const silentTicks = 15;

/**
 * Who may control a run: one client at a time, of those that asked for it.
 *
 * The first that asks owns it, until it leaves or falls silent, or another takes over. Then it belongs
 * to nobody, and to whoever asks next, so that an editor that is only reloaded finds it free. When its
 * time of grace is over, the run passes to the client that has waited longest; where nobody waits, it
 * trains on or is to stop, as its last owner wished.
 *
 * Time is counted in ticks, not read from a clock: a machine that slept has missed one tick.
 */
export class Ownership<Client> {
  readonly #tell: (client: Client, control: Control) => void;
  /** All that asked for control, in the order in which they inherit it. */
  readonly #wishes = new Map<Client, OwnerWish>();
  #owner: Client | undefined;
  #silence = 0;
  /** Since when nobody owns it, and what its last owner wished. */
  #absence: { readonly wish: OwnerWish; readonly owner: Client; ticks: number } | undefined;

  /** @param tell is called for each client that asked, whenever its answer changes */
  constructor(tell: (client: Client, control: Control) => void) {
    this.#tell = tell;
  }

  /** How a client stands. */
  of(client: Client): Control {
    if (this.#owner === undefined) return 'free';
    return this.#owner === client ? 'mine' : 'others';
  }

  /** A client asks for control; it need not have it to be the next. */
  ask(client: Client, wish: OwnerWish, takeOver: boolean): Control {
    this.#wishes.set(client, wish);
    if (this.#owner === client) this.#silence = 0;
    else if (this.#owner === undefined || takeOver) this.#become(client);
    return this.of(client);
  }

  /**
   * A client wants to control the run now. One that watches a run that belongs to nobody becomes its
   * owner by that.
   *
   * @throws ProblemError of kind `environment` while another one owns it
   */
  require(client: Client): void {
    if (this.#owner === undefined && this.#wishes.has(client)) this.#become(client);
    if (this.of(client) !== 'others') return;
    throw new ProblemError({
      kind: 'environment',
      message: 'Another window controls this run.',
      remedy: 'Take it over first, or use that window.',
    });
  }

  /** A sign of life. */
  alive(client: Client): void {
    if (this.#owner === client) this.#silence = 0;
    // It was only silent, and nobody has come since.
    else if (this.#absence?.owner === client && this.#wishes.has(client)) this.#become(client);
  }

  /** A client's connection has ended. */
  leave(client: Client): void {
    if (this.#owner === client) this.#lose();
    this.#wishes.delete(client);
  }

  /** To be called each {@link tickMs}. Answers, once, whether the run is to stop now. */
  tick(): boolean {
    if (this.#owner !== undefined) {
      this.#silence += 1;
      if (this.#silence > silentTicks) this.#lose();
      return false;
    }
    const absence = this.#absence;
    if (absence === undefined) return false;
    absence.ticks += 1;
    if (absence.ticks * tickMs < absence.wish.graceMs) return false;
    const next = [...this.#wishes.keys()].find((client) => client !== absence.owner);
    if (next !== undefined) this.#become(next);
    // What was silent may still come back; but it is not asked twice to stop.
    else this.#absence = undefined;
    return next === undefined && absence.wish.whenGone === 'stop';
  }

  #become(client: Client): void {
    this.#owner = client;
    this.#silence = 0;
    this.#absence = undefined;
    this.#tellAll();
  }

  #lose(): void {
    const owner = this.#owner;
    const wish = owner && this.#wishes.get(owner);
    this.#owner = undefined;
    this.#absence = owner && wish && { owner, wish, ticks: 0 };
    this.#tellAll();
  }

  #tellAll(): void {
    for (const client of this.#wishes.keys()) this.#tell(client, this.of(client));
  }
}

/** The connection to one client of a process that trains, which is not trusted with its memory. */
import type { Socket } from 'node:net';
import { Peer, type Side } from '../../../protocol/peer';
import { socketTransport, type TransportLimits } from '../../../protocol/socket-transport';

/** Bytes that may wait in a socket before its reader counts as too slow. */
const largestBacklog = 8 * 2 ** 20;
/** What a client asks fits into a few hundred bytes. */
const limits: TransportLimits = {
  frameBytes: 2 ** 20,
  pausingBytes: largestBacklog,
  waitingBytes: 2 * largestBacklog,
};
/** Requests of one client that are answered at a time. */
const mostRequests = 32;
/** Clients at a time; more are not let in. */
export const mostClients = 64;

/** One connected client. */
export class Client<Mine extends Side, Theirs extends Side> {
  readonly peer: Peer<Mine, Theirs>;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.peer = new Peer<Mine, Theirs>(...socketTransport(socket, limits), mostRequests);
  }

  /** Whether what it has not read yet is little enough to tell it more. */
  get hasRoom(): boolean {
    return this.#socket.writableLength <= largestBacklog;
  }

  /** Ends the connection after what was written; resolves when that is out or `ms` are over. */
  close(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) {
        resolve();
        return;
      }
      const timer = setTimeout(() => this.#socket.destroy(), ms);
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.peer.close();
    });
  }
}

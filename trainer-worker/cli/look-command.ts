import { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import path from 'node:path';
import type { z } from 'zod';
import {
  checkpointRequest,
  drawRequest,
  type LookerSide,
  type LookingSide,
  lookingPipe,
  pointRequest,
} from '../../protocol/looking';
import { Peer } from '../../protocol/peer';
import { ProblemError } from '../../protocol/problem';
import { socketTransport } from '../../protocol/socket-transport';
import { AskedModel } from '../trainer/looking/asked-model';
import { exitCode } from './exit-code';

/**
 * `ebm look`: answers what is asked of the model of a run, one thing after the other, over a pipe that who
 * starts it has opened; ends when that is closed. Its standard streams are the experiment's to print to.
 *
 * @returns the process's exit code
 */
export async function lookCommand(directory: string): Promise<number> {
  // Whatever trains or edits here goes first.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const socket = new Socket({ fd: lookingPipe, readable: true, writable: true });
  // One after the other: they share what is kept ready.
  const peer = new Peer<LookingSide, LookerSide>(...socketTransport(socket), 1);
  const model = new AskedModel(path.resolve(directory));
  const closed = new Promise<void>((resolve) => peer.onClose(() => resolve()));
  peer.handle('offer', (params) => model.offer(checked(checkpointRequest, params)));
  peer.handle('draw', (params) =>
    model.draw(checked(drawRequest, params), (stop) => peer.emit('passed', stop)),
  );
  peer.handle('energy', (params) => model.energy(checked(pointRequest, params)));
  peer.handle('tensors', (params) => model.tensors(checked(checkpointRequest, params)));
  await closed;
  // Whatever it was still at, nobody waits for it.
  return exitCode.done;
}

function checked<T>(schema: z.ZodType<T>, params: unknown): T {
  const result = schema.safeParse(params);
  if (result.success) return result.data;
  throw new ProblemError({
    kind: 'internal',
    message: 'The process that looks at a model was asked something that it does not know.',
    detail: result.error.message,
  });
}

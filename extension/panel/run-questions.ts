import path from 'node:path';
import * as vscode from 'vscode';
import type { z } from 'zod';
import {
  type CheckpointRequest,
  checkpointRequest,
  type Drawn,
  type DrawnFormat,
  drawnFormats,
  drawRequest,
  pointRequest,
} from '../../protocol/looking';
import type { HostSide, PageSide } from '../../protocol/panel';
import type { Peer } from '../../protocol/peer';
import { ProblemError } from '../../protocol/problem';
import { drawnFile } from '../../run-directory/drawn-samples';
import type { LookingCommand } from '../processes/looking-process';
import { ModelAsker } from '../processes/model-asker';
import type { Run } from '../runs/run';
import { exactArrays } from './series-chunks';

/** Answers what a run's page asks of its model, and keeps what was drawn last, to be saved. */
export class RunQuestions {
  readonly #run: Run;
  readonly #asker: ModelAsker;
  #drawn: Drawn | undefined;

  /** @param command rejects where nothing may look at the model */
  constructor(run: Run, peer: Peer<HostSide, PageSide>, command: () => Promise<LookingCommand>) {
    this.#run = run;
    this.#asker = new ModelAsker({
      command,
      passed: (stop) => {
        // A page that is hidden meanwhile has nobody who watches.
        peer.request('chainsPassed', exactArrays(stop)).catch(() => undefined);
      },
    });
    const ofCheckpoint = (params: unknown): CheckpointRequest => checked(checkpointRequest, params);
    peer.handle('offer', (params) => this.#asker.ask('offer', ofCheckpoint(params)));
    peer.handle('tensors', (params) => this.#asker.ask('tensors', ofCheckpoint(params)));
    peer.handle('energy', (params) => this.#asker.ask('energy', checked(pointRequest, params)));
    peer.handle('draw', async (params) => {
      const drawing = await this.#asker.ask('draw', checked(drawRequest, params));
      this.#drawn = drawing.drawn;
      return exactArrays(drawing);
    });
    peer.handle('saveDrawn', async ({ format }) => {
      await this.#save(format);
      return null;
    });
    peer.handle('stopAsking', () => {
      this.#asker.end();
      return null;
    });
  }

  /** Ends whatever is being asked, and the process that answers. */
  stop(): void {
    this.#asker.end();
  }

  async #save(format: DrawnFormat): Promise<void> {
    const drawn = this.#drawn;
    if (drawn === undefined || !drawnFormats.includes(format)) {
      throw new ProblemError({ kind: 'internal', message: 'Nothing has been drawn to be saved.' });
    }
    const { directory } = this.#run;
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(directory))?.uri;
    const file = `${path.basename(directory)}.drawn${format}`;
    const target = await vscode.window.showSaveDialog({
      title: 'Save Samples',
      filters: { [format.slice(1)]: [format.slice(1)] },
      ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, file) } : {}),
    });
    if (target === undefined) return;
    const relative = path.relative(directory, target.fsPath);
    if (relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative)) {
      throw new ProblemError({
        kind: 'environment',
        message: `${target.fsPath} lies in the run, whose record stays as it is.`,
        remedy: 'Choose another place.',
      });
    }
    await vscode.workspace.fs.writeFile(target, Buffer.concat(drawnFile(drawn, format)));
  }
}

/** What a page sent, if it is what may be asked. */
function checked<T>(schema: z.ZodType<T>, params: unknown): T {
  const result = schema.safeParse(params);
  if (result.success) return result.data;
  throw new ProblemError({
    kind: 'internal',
    message: 'The page asked something that is none of its questions.',
    detail: result.error.message,
  });
}

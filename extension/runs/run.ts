import { type Disposable, Emitter } from 'vscode-jsonrpc';
import type { RunManifest, RunState } from '../../protocol/run';
import type { Control } from '../../protocol/trainer';
import { type Annotations, noAnnotations } from '../../run-directory/annotations';
import { isLiving } from '../../vocabulary/run-status';
import type { RunController } from './run-controller';

/** One run as this window knows it: what its directory says, made newer by its trainer's events. */
export class Run {
  readonly directory: string;
  #manifest: RunManifest;
  #annotations: Annotations;
  #isResponding = true;
  #control: Control = 'free';
  #controller: RunController | undefined;
  readonly #changed = new Emitter<void>();

  constructor(directory: string, manifest: RunManifest, annotations = noAnnotations) {
    this.directory = directory;
    this.#manifest = manifest;
    this.#annotations = annotations;
  }

  get id(): string {
    return this.#manifest.id;
  }

  /** The name it was given, else its experiment's. */
  get name(): string {
    return this.#annotations.name ?? this.#manifest.name;
  }

  /** What people added to it. */
  get annotations(): Annotations {
    return this.#annotations;
  }

  /** What is known now; its `state` is at least as new as the one on disk. */
  get manifest(): RunManifest {
    return this.#manifest;
  }

  get state(): RunState {
    return this.#manifest.state;
  }

  get isLiving(): boolean {
    return isLiving(this.state.status);
  }

  /** `false` while the trainer has given no sign of life for too long. */
  get isResponding(): boolean {
    return this.#isResponding;
  }

  /** Whether another window controls it, so that this one only watches. */
  get isWatchedOnly(): boolean {
    return this.isLiving && this.#controller !== undefined && this.#control === 'others';
  }

  /** The connection to its trainer, while there is one. */
  get controller(): RunController | undefined {
    return this.#controller;
  }

  /** Takes over what changed and tells whoever shows the run. */
  update(change: {
    readonly manifest?: RunManifest;
    readonly state?: RunState;
    readonly isResponding?: boolean;
    readonly annotations?: Annotations;
    readonly control?: Control;
  }): void {
    const manifest = change.manifest ?? this.#manifest;
    this.#manifest = change.state ? { ...manifest, state: change.state } : manifest;
    this.#annotations = change.annotations ?? this.#annotations;
    this.#isResponding = change.isResponding ?? this.#isResponding;
    this.#control = change.control ?? this.#control;
    this.#changed.fire();
  }

  setController(controller: RunController | undefined): void {
    this.#controller = controller;
    this.#changed.fire();
  }

  onDidChange(listener: () => void): Disposable {
    return this.#changed.event(listener);
  }
}

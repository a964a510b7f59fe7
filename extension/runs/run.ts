import { type Disposable, Emitter } from 'vscode-jsonrpc';
import type { Contact, RunManifest, RunState, RunStatus } from '../../protocol/run';
import type { Control } from '../../protocol/trainer';
import { type Annotations, noAnnotations } from '../../run-directory/annotations';
import { factsOf, standingOf } from '../../vocabulary/run-status';
import type { RunFollower } from './run-follower';

/** One run as this window knows it: what its directory says, made newer by its trainer's events. */
export class Run {
  readonly directory: string;
  #manifest: RunManifest;
  #annotations: Annotations;
  #contact: Contact = 'heard';
  #control: Control = 'free';
  #controller: RunFollower | undefined;
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
    return factsOf(this.standing).isLiving;
  }

  /** How much is heard of its trainer. */
  get contact(): Contact {
    return this.#contact;
  }

  /** By what is decided what may be done with it. */
  get standing(): RunStatus | 'late' | 'lost' {
    return standingOf(this.state.status, this.#contact);
  }

  /** Whether another window controls it, so that this one only watches. */
  get isWatchedOnly(): boolean {
    return this.isLiving && this.#controller !== undefined && this.#control === 'others';
  }

  /** The connection to its trainer, while there is one. */
  get controller(): RunFollower | undefined {
    return this.#controller;
  }

  /** Takes over what changed and tells whoever shows the run. */
  update(change: {
    readonly manifest?: RunManifest;
    readonly state?: RunState;
    readonly contact?: Contact;
    readonly annotations?: Annotations;
    readonly control?: Control;
  }): void {
    const manifest = change.manifest ?? this.#manifest;
    this.#manifest = change.state ? { ...manifest, state: change.state } : manifest;
    this.#annotations = change.annotations ?? this.#annotations;
    this.#contact = change.contact ?? this.#contact;
    this.#control = change.control ?? this.#control;
    this.#changed.fire();
  }

  setController(controller: RunFollower | undefined): void {
    this.#controller = controller;
    this.#changed.fire();
  }

  onDidChange(listener: () => void): Disposable {
    return this.#changed.event(listener);
  }
}

import type { HostSide, PageSide, PanelAction, SavedKind } from '../protocol/panel';
import { problemOf } from '../protocol/problem';
import type { PreviewFrame } from '../protocol/run';
import { isLiving } from '../vocabulary/run-status';
import { FrameScheduler } from './frame-scheduler';
import type { Host } from './host';
import { drawnText, frameAt, type HandDrawn } from './store/hand-drawn';
import type { Raster } from './store/image-sheet';
import {
  type Navigation,
  persistedState,
  restoredNavigation,
  startOfNavigation,
} from './store/navigation';
import { fromSnapshot, type PanelState, previewIndex, withUpdate } from './store/panel-state';
import { PreviewSelection } from './store/preview-selection';
import { pngOf } from './svg-picture';
import { readTheme, showTheme, watchTheme } from './theme';
import { Arrangement } from './views/arrangement';
import { AskModel } from './views/ask-model';
import { Banner } from './views/banner';
import { Columns } from './views/columns';
import { Controls } from './views/controls';
import { Curves } from './views/curves';
import { DistributionsView } from './views/distributions';
import { DrawnStrip } from './views/drawn-strip';
import { element } from './views/element';
import { HandsOn } from './views/hands-on';
import { Header } from './views/header';
import { Health } from './views/health';
import { Landscape } from './views/landscape';
import { memoized } from './views/memo';
import { Notice } from './views/notice';
import type { PanelModel } from './views/panel-model';
import { Scrubber } from './views/scrubber';
import { Summary } from './views/summary';
import { Warnings } from './views/warnings';
import { WatchedOnly } from './views/watched-only';

/** Views are drawn anew only where the frame is another one. */
const frameOnce = memoized(frameAt);

/** How often a page that hears nothing looks whether its trainer still answers, in milliseconds. */
const pulse = 1000;

/** Holds the state and hands it to the views, once a frame, when something changed. */
export class Page {
  readonly root: HTMLElement;
  readonly #host: Host<PageSide, HostSide>;
  readonly #frames = new FrameScheduler(() => this.#render());
  readonly #previews: PreviewSelection;
  readonly #controls = new Controls((action) => this.#act(action));
  readonly #header = new Header(this.#controls.root);
  readonly #banner = new Banner((action) => this.#act(action));
  readonly #watchedOnly = new WatchedOnly((action) => this.#act(action));
  readonly #landscape = new Landscape({
    redraw: this.#frames.request,
    selectAxes: (axes) => this.#navigate({ axes }),
    selectPrincipal: (isPrincipal) => this.#navigate({ isPrincipal }),
    selectPaired: (isPaired) => this.#navigate({ isPaired }),
    selectColumns: (pairColumns) => this.#navigate({ pairColumns }),
    openPair: (axes) => this.#navigate({ axes, isPaired: false, isPrincipal: false }),
    fixRange: (energyRange) => this.#navigate({ energyRange }),
    save: (name, picture) => this.#save(name, picture),
    picked: (point) => this.#askModel.pick(point),
  });
  readonly #curves = new Curves({
    redraw: this.#frames.request,
    setSmoothing: (smoothing) => this.#navigate({ smoothing }),
    setLogScale: (logScale) => this.#navigate({ logScale }),
    setAxis: (curveAxis) => this.#navigate({ curveAxis }),
    fetchClock: () => this.#host.peer.request('clock', {}),
    save: (name, kind, text) => this.#saveText(name, kind, text),
    copy: (text) => this.#copy(text),
  });
  readonly #distributions = new DistributionsView(this.#frames.request);
  readonly #columns = new Columns(this.#frames.request);
  readonly #health = new Health();
  readonly #handsOn = new HandsOn(async (option, value) => {
    await this.#host.peer.request('change', { option, value });
  });
  readonly #askModel = new AskModel({
    offer: (request) => this.#host.peer.request('offer', request),
    draw: (request) => this.#host.peer.request('draw', request),
    energy: (request) => this.#host.peer.request('energy', request),
    tensors: (request) => this.#host.peer.request('tensors', request),
    stop: () => {
      // Whatever was asked says itself that it has ended.
      this.#host.peer.request('stopAsking', {}).catch(() => undefined);
    },
    show: (drawn) => this.#showDrawn(drawn),
    redraw: this.#frames.request,
  });
  readonly #drawnStrip = new DrawnStrip({
    select: (index) => {
      this.#stop = index;
      this.#frames.request();
    },
    save: (format) => {
      this.#host.peer.request('saveDrawn', { format }).catch((thrown: unknown) => {
        this.tell(`The samples could not be saved: ${problemOf(thrown).message}`);
      });
    },
    back: () => this.#showDrawn(undefined),
  });
  readonly #scrubber = new Scrubber((step) => {
    this.#navigate({ step });
    this.#previews.select(step);
  });
  readonly #arrangement: Arrangement;
  readonly #summary = new Summary();
  readonly #notice = new Notice();
  readonly #warnings = new Warnings();
  readonly #waiting = element('p', { class: 'waiting' }, 'Opening the run …');
  #panel: PanelState | undefined;
  /** Chains that were drawn by hand, shown in place of the run's pictures, and at which of their stops. */
  #drawn: HandDrawn | undefined;
  #stop = 0;
  #navigation: Navigation = startOfNavigation;
  #theme = readTheme();
  #heardAt = performance.now();

  constructor(host: Host<PageSide, HostSide>) {
    this.#host = host;
    const side = element(
      'div',
      { class: 'pane side' },
      this.#handsOn.root,
      this.#askModel.root,
      this.#curves.root,
      this.#columns.root,
      this.#distributions.root,
      this.#health.root,
    );
    this.#arrangement = new Arrangement(
      {
        landscape: this.#landscape.root,
        curves: this.#curves.root,
        columns: this.#columns.root,
        energies: this.#distributions.root,
        health: this.#health.root,
      },
      (arrangement) => host.peer.emit('arranged', arrangement),
    );
    this.#previews = new PreviewSelection({
      fetch: (step) => host.peer.request('preview', { step }),
      changed: this.#frames.request,
    });
    this.root = element(
      'div',
      { class: 'page starting' },
      this.#waiting,
      this.#header.root,
      this.#watchedOnly.root,
      this.#banner.root,
      this.#warnings.root,
      element('main', { class: 'views' }, this.#landscape.root, side),
      this.#scrubber.root,
      this.#drawnStrip.root,
      this.#notice.root,
      this.#summary.root,
    );
    this.#listen();
    showTheme(this.root, this.#theme);
    watchTheme(() => {
      this.#theme = readTheme();
      showTheme(this.root, this.#theme);
      this.#frames.request();
    });
    window.addEventListener('resize', this.#frames.request);
    document.addEventListener('visibilitychange', () => {
      // A hidden page is told nothing: that silence is not the trainer's.
      this.#heardAt = performance.now();
    });
    window.setInterval(() => {
      if (this.#panel && isLiving(this.#panel.state.status)) this.#frames.request();
    }, pulse);
  }

  /** Shows a line about something that failed. */
  tell(text: string): void {
    this.#notice.show(text);
  }

  #listen(): void {
    const { peer } = this.#host;
    peer.handle('starting', ({ text }) => {
      this.#waiting.textContent = text;
      return null;
    });
    peer.handle('snapshot', (snapshot) => {
      const isOtherRun = this.#panel?.runDirectory !== snapshot.runDirectory;
      this.#panel = fromSnapshot(snapshot);
      if (snapshot.arrangement) this.#arrangement.show(snapshot.arrangement);
      if (isOtherRun) this.#showDrawn(undefined);
      if (isOtherRun) this.#restore(this.#panel);
      else this.#previews.reset(this.#navigation.step);
      this.#hear(this.#panel.latest);
      return null;
    });
    peer.handle('update', (update) => {
      if (this.#panel && update.generation === this.#panel.generation) {
        this.#panel = withUpdate(this.#panel, update);
        this.#hear(update.preview);
      }
      return null;
    });
    peer.handle('chainsPassed', (stop) => {
      this.#askModel.passed(stop);
      return null;
    });
    peer.onClose((reason) => {
      this.tell(`The connection to the editor broke${reason ? `: ${reason.message}` : '.'}`);
    });
  }

  #hear(preview: PreviewFrame | undefined): void {
    this.#heardAt = performance.now();
    if (preview) this.#previews.offer(preview);
    this.#frames.request();
  }

  /** Goes where the user was before the page was reloaded. */
  #restore({ runDirectory, previewSteps }: PanelState): void {
    const kept = restoredNavigation(this.#host.storedState, runDirectory);
    const at = kept.step === undefined ? -1 : previewIndex(previewSteps, kept.step);
    this.#navigate({ ...kept, step: previewSteps[at] });
    this.#previews.reset(this.#navigation.step);
  }

  /** Shows chains that were drawn by hand where they are now, or the run's own pictures again. */
  #showDrawn(drawn: HandDrawn | undefined): void {
    this.#drawn = drawn;
    this.#stop = Math.max(0, (drawn?.stops.length ?? 0) - 1);
    this.#frames.request();
  }

  #navigate(change: Partial<Navigation>): void {
    this.#navigation = { ...this.#navigation, ...change };
    if (this.#panel) {
      this.#host.store(persistedState(this.#navigation, this.#panel.runDirectory));
    }
    this.#frames.request();
  }

  async #act(action: PanelAction): Promise<void> {
    try {
      await this.#host.peer.request('act', { action });
    } catch (thrown) {
      const { message, remedy } = problemOf(thrown);
      this.tell(remedy ? `${message} ${remedy}` : message);
    }
  }

  async #save(name: string, { data, width, height }: Raster): Promise<void> {
    try {
      const canvas = new OffscreenCanvas(width, height);
      canvas.getContext('2d')?.putImageData(new ImageData(data, width, height), 0, 0);
      const png = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
      await this.#host.peer.request('saveFile', { name, kind: 'png', bytes: png });
    } catch (thrown) {
      this.tell(`The picture could not be saved: ${problemOf(thrown).message}`);
    }
  }

  /** Keeps a table or a drawing; a drawing also as the pixels that it has. */
  async #saveText(name: string, kind: SavedKind, text: string): Promise<void> {
    try {
      const bytes = kind === 'png' ? await pngOf(text) : new TextEncoder().encode(text);
      await this.#host.peer.request('saveFile', { name, kind, bytes });
    } catch (thrown) {
      this.tell(`The chart could not be saved: ${problemOf(thrown).message}`);
    }
  }

  #copy(text: string): void {
    navigator.clipboard.writeText(text).catch((thrown: unknown) => {
      this.tell(`The values could not be copied: ${problemOf(thrown).message}`);
    });
  }

  #render(): void {
    const panel = this.#panel;
    if (!panel) return;
    this.#waiting.remove();
    this.root.classList.remove('starting');
    const previews = this.#previews;
    const isLive = previews.step === undefined;
    const own = isLive ? panel.latest : previews.frame;
    const { dimensions = 1 } = panel.manifest.preview ?? {};
    const byHand = this.#drawn && frameOnce(this.#drawn, this.#stop, dimensions);
    const model: PanelModel = {
      panel,
      navigation: this.#navigation,
      frame: byHand ?? own,
      byHand: byHand && this.#drawn ? drawnText(this.#drawn) : undefined,
      isLoadingFrame: previews.isLoading,
      frameError: previews.error === undefined ? undefined : problemOf(previews.error).message,
      silence: performance.now() - this.#heardAt,
      theme: this.#theme,
    };
    this.#header.render(model);
    this.#controls.render(model);
    this.#watchedOnly.render(model);
    this.#banner.render(model);
    this.#warnings.render(model);
    this.#landscape.render(model);
    this.#curves.render(model);
    this.#columns.render(model);
    this.#distributions.render(model);
    this.#health.render(model);
    this.#arrangement.render();
    this.#handsOn.render(model);
    this.#askModel.render(model);
    this.#scrubber.render(model);
    this.#scrubber.root.hidden = byHand !== undefined;
    this.#drawnStrip.render(byHand && this.#drawn, this.#stop);
    const landscape = this.#landscape.description(panel, model.frame);
    const drawn = model.byHand === undefined ? '' : `Drawn by hand: ${model.byHand}. `;
    this.#summary.render(model, `${drawn}${landscape}`);
  }
}

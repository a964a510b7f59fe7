import { mostClassColors } from '../../protocol/class-colors';
import type { EnergyRange } from '../../protocol/energy-range';
import type { ImageLayout, PreviewFrame } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { type ChainTracks, chainTracks, countMoves } from '../store/chain-tracks';
import { validAxes } from '../store/navigation';
import { formatSpread, formatTick, formatValue } from '../store/number-format';
import { validPairColumns } from '../store/pair-grid';
import type { PanelState } from '../store/panel-state';
import { areBits } from '../store/patterns';
import { inDataUnits, type PlotAxis, plotAxis } from '../store/plot-window';
import { column, moments, plane, shares } from '../store/point-set';
import {
  along,
  mostPrincipalColumns,
  type PrincipalAxes,
  principalAxes,
  principalPlotAxes,
} from '../store/principal-axes';
import type { RowFacts } from '../store/sheet-order';
import type { Theme } from '../theme';
import { CheckBox, DropDown } from '../toolkit';
import { ClassLegend } from './class-legend';
import { element, setAttribute, setText } from './element';
import { type ChosenField, FieldChoice } from './field-choice';
import { HistogramPlot } from './histogram-plot';
import { type ImageHost, ImagePlot } from './image-plot';
import { Memo } from './memo';
import { PairPlot } from './pair-plot';
import type { PanelModel } from './panel-model';
import { PatternTable } from './pattern-table';
import { type PlaneLayers, PlanePlot } from './plane-plot';
import type { PointClasses } from './point-layers';

const noNames: readonly string[] = [];

/** What can be shown, and what it is called on a plane and on a line. */
const layerNames = {
  field: ['Energy field', 'Energy'],
  contours: ['Contours', 'Density of the model'],
  data: ['Data', 'Data'],
  samples: ['Samples', 'Samples'],
  score: ['Score', 'Score'],
  chains: ['Chains', 'Chains'],
  classes: ['Classes', 'Classes'],
} as const;

/** What is shown until the user says otherwise. */
const firstLayers = {
  field: true,
  contours: true,
  data: true,
  samples: true,
  score: false,
  chains: false,
  classes: false,
} as const satisfies Required<PlaneLayers>;

/** What the landscape asks of the page. */
export interface LandscapeHost {
  /** Asks for a new frame. */
  readonly redraw: () => void;
  /** The user chose other dimensions. */
  readonly selectAxes: (axes: readonly [number, number]) => void;
  /** The user chose the plane of the principal axes, or two columns again. */
  readonly selectPrincipal: (isPrincipal: boolean) => void;
  /** The user wants columns against one another in pairs, or one plane again. */
  readonly selectPaired: (isPaired: boolean) => void;
  /** The user wants pairs of these columns. */
  readonly selectColumns: (columns: readonly number[]) => void;
  /** The user wants two columns alone. */
  readonly openPair: (axes: readonly [number, number]) => void;
  /** The user wants one range of energies for the colours of all steps, or that of each step again. */
  readonly fixRange: (range: EnergyRange | undefined) => void;
  readonly save: ImageHost['save'];
  /** The user has picked a point of the plane, or an image: its numbers in model space. */
  readonly picked: (point: Float32Array) => void;
}

/** What the model has learned, as a picture: samples over data over the energy. */
export class Landscape {
  readonly root: HTMLElement;
  readonly #redraw: () => void;
  readonly #selectAxes: (axes: readonly [number, number]) => void;
  readonly #principalBox: CheckBox;
  readonly #pairsBox: CheckBox;
  readonly #findingAxes = new Memo();
  /** Of the data shown; where they are, and vary. */
  #principal: PrincipalAxes | undefined;
  readonly #title = element('h2');
  readonly #step = element('span', { class: 'pane-note', 'data-testid': 'landscape-step' });
  readonly #between = element('span', { 'aria-hidden': 'true' }, '×');
  readonly #pickers = element('div', { class: 'axis-pickers' });
  readonly #toggles = new Map<keyof PlaneLayers, HTMLButtonElement>();
  readonly #holder = element('div', { class: 'plot-holder' });
  readonly #empty = element('p', { class: 'empty' });
  readonly #readout = element('div', { class: 'readout', 'data-testid': 'readout' });
  readonly #note = element('p', { class: 'landscape-note' });
  readonly #legend = element('div', {
    class: 'legend',
    role: 'group',
    'aria-label': 'Shown layers',
  });
  readonly #fieldChoice: FieldChoice;
  readonly #fixedRange: CheckBox;
  #isFixed = false;
  readonly #moments = element('tbody');
  readonly #momentsHead = element('th', { scope: 'col' });
  readonly #table: HTMLElement;
  readonly #plane: PlanePlot;
  readonly #histogram: HistogramPlot;
  readonly #pairs: PairPlot;
  readonly #classLegend = new ClassLegend();
  readonly #images: ImagePlot;
  readonly #patterns: PatternTable;
  readonly #drawing = new Memo();
  readonly #layout = new Memo();
  readonly #points = new Memo();
  readonly #rows = new Memo();
  #areBits = false;
  #dropDowns: readonly DropDown[] = [];
  /** Of all columns of a table. */
  #tableAxes: readonly PlotAxis[] = [];
  #layers: Required<PlaneLayers> = firstLayers;
  #data: Float32Array | undefined;
  #samples: Float32Array | undefined;
  /** By which points are coloured now. */
  #classes: PointClasses | undefined;
  /** Which energies are drawn now. */
  #chosen: ChosenField = { hasRegions: false };
  #tracks: ChainTracks | undefined;
  #chainWords: string | undefined;
  /** The dimensions drawn. */
  #axes: readonly [number, number] = [0, 1];
  /** What is under the pointer, and what is said while nothing is. */
  #pointed: string | undefined;
  #idle = '';

  constructor(host: LandscapeHost) {
    const { redraw, selectAxes, selectPrincipal, selectPaired, fixRange, save } = host;
    this.#principalBox = new CheckBox('Principal axes', selectPrincipal);
    this.#pairsBox = new CheckBox('Pairs', selectPaired);
    this.#pairsBox.root.title = 'Columns against one another';
    this.#fixedRange = new CheckBox('Fixed colours', (isFixed) => {
      // Told also of a range that was kept from before.
      if (isFixed !== this.#isFixed) fixRange(isFixed ? this.#plane.range : undefined);
    });
    this.#fixedRange.root.title = 'All steps in the colours of the energies shown now';
    this.#fixedRange.root.classList.add('fixed-range');
    this.#redraw = redraw;
    this.#selectAxes = selectAxes;
    const pointed = (text: string | undefined) => {
      this.#pointed = text;
      setText(this.#readout, text ?? this.#idle);
    };
    const drawAnew = () => {
      this.#drawing.changed();
      redraw();
    };
    this.#fieldChoice = new FieldChoice(() => {
      // Other energies: their colours do not drift from those shown.
      this.#plane.forgetRange();
      drawAnew();
    });
    this.#plane = new PlanePlot(pointed, drawAnew, host.picked);
    this.#histogram = new HistogramPlot(pointed);
    this.#pairs = new PairPlot({
      pointed,
      selectColumns: host.selectColumns,
      openPair: host.openPair,
    });
    this.#patterns = new PatternTable(redraw);
    this.#images = new ImagePlot({ pointed, redraw: drawAnew, save, picked: host.picked });
    for (const layer of Object.keys(layerNames) as (keyof PlaneLayers)[]) {
      const toggle = element(
        'button',
        { class: 'layer', type: 'button', 'aria-pressed': String(firstLayers[layer]) },
        element('span', { class: `swatch swatch-${layer}`, 'aria-hidden': 'true' }),
        element('span', { class: 'layer-name' }, layerNames[layer][0]),
      );
      toggle.addEventListener('click', () => this.#toggle(layer));
      this.#toggles.set(layer, toggle);
      this.#legend.append(toggle);
    }
    this.#legend.append(this.#fieldChoice.root, this.#fixedRange.root, this.#pickers);
    this.#holder.append(
      ...[this.#plane.root, this.#histogram.root, this.#pairs.root, this.#images.root],
      this.#empty,
    );
    this.#table = element(
      'table',
      { class: 'moments', 'data-testid': 'moments' },
      element(
        'caption',
        { class: 'visually-hidden' },
        'Data and samples, mean and deviation or shares',
      ),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          this.#momentsHead,
          element('th', { scope: 'col' }, 'Data'),
          element('th', { scope: 'col' }, 'Samples'),
        ),
      ),
      this.#moments,
    );
    this.root = element(
      'section',
      { class: 'pane landscape', 'aria-label': 'Energy landscape' },
      element('div', { class: 'pane-head' }, this.#title, this.#step),
      this.#legend,
      this.#classLegend.root,
      this.#holder,
      this.#readout,
      this.#note,
      this.#table,
      this.#patterns.root,
    );
    new ResizeObserver(redraw).observe(this.#holder);
  }

  render({ panel, navigation, frame, theme, isLoadingFrame, byHand }: PanelModel): void {
    const { preview: layout, transform } = panel.manifest;
    const dimensions = layout?.dimensions ?? 0;
    const isEmpty = layout === undefined || (!frame && !panel.data);
    this.#empty.hidden = !isEmpty;
    const image = layout?.image;
    setText(this.#title, image ? 'Images' : 'Landscape');
    this.#images.root.hidden = isEmpty || !image;
    this.#plane.root.hidden = isEmpty || dimensions < 2 || image !== undefined;
    this.#histogram.root.hidden = isEmpty || dimensions !== 1;
    this.#table.hidden = isEmpty || image !== undefined;
    // Keeps its room: the curves' options beside it stand on the same line.
    this.#legend.classList.toggle('blank', isEmpty);
    setText(this.#empty, emptyText(panel));
    const step = frame ? `step ${formatCount(frame.step)}${isLoadingFrame ? ' …' : ''}` : '';
    setText(this.#step, byHand === undefined ? step : `drawn by hand: ${byHand}`);
    this.root.classList.toggle('by-hand', byHand !== undefined);
    if (this.#layout.changed(layout, panel.runDirectory)) {
      this.#plane.forgetRange();
      this.#fieldChoice.forget();
      // Nobody chooses two pixels of an image for axes.
      this.#makePickers(image ? [] : (layout?.axes ?? []));
      this.#tableAxes =
        layout && !image ? layout.axes.map((_, k) => plotAxis(layout, transform, k)) : [];
    }
    const hasField = layout !== undefined && layout.resolution > 0;
    const classes = classesOf(panel, frame);
    const classNames = layout?.classes ?? noNames;
    const chosen = this.#fieldChoice.of(isEmpty ? undefined : frame?.classFields, classNames);
    this.#chosen = chosen;
    this.#nameLayers(dimensions, hasField, { frame, classes });
    this.#classes = this.#layers.classes ? classes : undefined;
    const hasTints = chosen.hasRegions && this.#layers.field;
    this.#classLegend.draw(hasTints ? classes : this.#classes, classNames, theme);
    this.#fixedRange.root.hidden = dimensions !== 2 || !hasField || chosen.hasRegions;
    this.#isFixed = navigation.energyRange !== undefined;
    this.#fixedRange.isChecked = this.#isFixed;
    this.#note.hidden = true;
    const hasPatterns = this.#hasPatterns(panel, frame);
    const isPairable = dimensions > 2 && !image && !hasPatterns;
    const isPaired = isPairable && !isEmpty && navigation.isPaired;
    this.#pairsBox.root.hidden = !isPairable;
    this.#pairsBox.isChecked = isPaired;
    this.#pairs.root.hidden = !isPaired;
    this.#patterns.draw(hasPatterns && layout ? { layout, data: panel.data, frame } : undefined);
    if (isEmpty || !layout) return;
    if (image) {
      this.#drawImages(panel, frame, image, theme);
      return;
    }
    if (isPaired) {
      this.#drawPairs(panel, frame, navigation.pairColumns, theme);
      return;
    }

    this.#findPrincipal(panel, dimensions);
    const principal = navigation.isPrincipal ? this.#principal : undefined;
    this.#principalBox.root.hidden = this.#principal === undefined;
    this.#principalBox.isChecked = principal !== undefined;
    for (const { root } of this.#dropDowns) root.hidden = principal !== undefined;
    this.#between.hidden = principal !== undefined;
    if (dimensions > 2) this.#tellNote(planeNote(dimensions, principal));
    const axes = validAxes(navigation.axes, dimensions);
    this.#dropDowns.forEach((dropDown, k) => {
      dropDown.index = axes[k]!;
    });
    if (this.#points.changed(frame, panel.data, axes[0], axes[1], principal)) {
      this.#takePoints(panel, frame, dimensions, axes, principal);
    }
    const width = this.#holder.clientWidth;
    // Where rows are of few values each, the table beneath tells more than points on one another.
    const most = hasPatterns ? 320 : 640;
    const maxHeight = Math.min(most, Math.max(280, window.innerHeight - 300));
    const isUnchanged = !this.#drawing.changed(
      frame,
      panel.data,
      axes[0],
      axes[1],
      principal,
      navigation.energyRange,
      layout,
      this.#layers,
      theme,
      width,
      maxHeight,
      window.devicePixelRatio,
    );
    if (isUnchanged || width === 0) {
      if (dimensions === 2) this.#tellNote(this.#planeWords);
      if (dimensions === 1) this.#tellNote(this.#histogram.note);
      return;
    }
    const shared = {
      data: this.#data,
      samples: this.#samples,
      classes: this.#classes,
      layers: this.#layers,
      theme,
    };
    const x = plotAxis(layout, transform, axes[0]);
    if (dimensions === 1) {
      const field = frame?.field?.length === layout.resolution ? frame.field : undefined;
      this.#histogram.draw({ axis: x, field, ...shared }, width, maxHeight);
      this.#tellNote(this.#histogram.note);
      setAttribute(this.#histogram.root, 'aria-label', this.description(panel, frame));
      this.#setIdle(panel, frame);
      return;
    }
    const y = plotAxis(layout, transform, axes[1]);
    if (principal) {
      const [first, second] = principalPlotAxes(principal, [this.#data, this.#samples]);
      this.#plane.draw({ x: first, y: second, field: undefined, ...shared }, width, maxHeight);
      setAttribute(this.#plane.root, 'aria-label', this.description(panel, frame));
      this.#setIdle(panel, frame);
      return;
    }
    const { resolution } = layout;
    const isField = frame?.field?.length === resolution ** 2;
    const whole = isField && frame?.field ? { values: frame.field, resolution } : undefined;
    const view = {
      ...{ x, y, field: chosen.field ?? whole, chains: this.#tracks },
      ...{ classFields: frame?.classFields, classNames, hasRegions: chosen.hasRegions },
      range: dimensions === 2 ? navigation.energyRange : undefined,
      isStandardised: transform !== undefined,
      ...shared,
    };
    this.#plane.draw(view, width, maxHeight);
    this.#chainWords = this.#layers.chains ? chainWords(panel, this.#tracks) : undefined;
    if (dimensions === 2) this.#tellNote(this.#planeWords);
    setAttribute(this.#plane.root, 'aria-label', this.description(panel, frame));
    this.#setIdle(panel, frame);
  }

  /** Finds the principal axes of the data, once: they stay where they are while samples come and go. */
  #findPrincipal({ data, manifest }: PanelState, dimensions: number): void {
    if (!this.#findingAxes.changed(data, dimensions, manifest.preview)) return;
    const isSuited =
      dimensions > 2 && dimensions <= mostPrincipalColumns && !manifest.preview?.categories;
    this.#principal = data && isSuited ? principalAxes(data.values, dimensions) : undefined;
  }

  /** What there is to say beneath a plane. */
  get #planeWords(): string | undefined {
    const parts = [this.#plane.holes, this.#chainWords].filter((part) => part !== undefined);
    return parts.length > 0 ? parts.join(' ') : undefined;
  }

  /** Names what can be shown, and hides what there is none of. */
  #nameLayers(
    dimensions: number,
    hasField: boolean,
    shown: { readonly frame: PreviewFrame | undefined; readonly classes: PointClasses | undefined },
  ): void {
    this.#legend.classList.toggle('line', dimensions === 1);
    for (const [layer, toggle] of this.#toggles) {
      const name =
        layer === 'field' && this.#chosen.hasRegions
          ? 'Class regions'
          : layerNames[layer][dimensions === 1 ? 1 : 0];
      setText(toggle.querySelector('.layer-name')!, name);
      if (layer === 'field') toggle.classList.toggle('of-classes', this.#chosen.hasRegions);
      const isOfField = layer === 'field' || layer === 'contours';
      const isOfPlane = layer === 'score' || layer === 'chains';
      const isThere =
        (!isOfField || (hasField && dimensions <= 2)) &&
        (!isOfPlane || (hasField && dimensions === 2)) &&
        (layer !== 'chains' || shown.frame?.paths !== undefined) &&
        (layer !== 'classes' || shown.classes !== undefined);
      toggle.hidden = !isThere;
    }
  }

  /** Whether rows are of bits or categories, and no images. */
  #hasPatterns({ manifest, data }: PanelState, frame: PreviewFrame | undefined): boolean {
    const { preview: layout } = manifest;
    if (!layout || layout.image || (!data && !frame)) return false;
    if (layout.categories) return true;
    // Of data that are not shown, the samples tell.
    const rows = data?.values ?? frame!.samples;
    if (this.#rows.changed(rows)) this.#areBits = areBits(rows);
    return this.#areBits;
  }

  #tellNote(text: string | undefined): void {
    this.#note.hidden = text === undefined;
    setText(this.#note, text ?? '');
  }

  #drawImages(
    panel: PanelState,
    frame: PreviewFrame | undefined,
    image: ImageLayout,
    theme: Theme,
  ): void {
    const width = this.#holder.clientWidth;
    const maxHeight = Math.min(900, Math.max(280, window.innerHeight - 220));
    const { samples, data } = this.#layers;
    const isUnchanged = !this.#drawing.changed(
      ...[frame, panel.data, image, samples, data, theme, width, maxHeight],
      window.devicePixelRatio,
    );
    if (isUnchanged || width === 0) return;
    const view = {
      image,
      samples: samples ? frame?.samples : undefined,
      data: data ? panel.data?.values : undefined,
      facts: { samples: factsOf(frame), data: dataFactsOf(panel, frame) },
      paths: frame?.paths,
      filters: frame?.filters,
      classNames: panel.manifest.preview?.classes ?? [],
      theme,
    };
    this.#images.draw(view, width, maxHeight);
    setAttribute(this.#images.root, 'aria-label', this.description(panel, frame));
    this.#setIdle(panel, frame);
  }

  #drawPairs(
    panel: PanelState,
    frame: PreviewFrame | undefined,
    kept: readonly number[] | undefined,
    theme: Theme,
  ): void {
    const ofPlane = [this.#plane.root, this.#table, this.#principalBox.root, this.#between];
    for (const part of [...ofPlane, ...this.#dropDowns.map(({ root }) => root)]) part.hidden = true;
    this.#tellNote(
      'Above the diagonal: the correlation of the shown data and, beneath it, of the samples.',
    );
    const axes = this.#tableAxes;
    const columns = validPairColumns(kept, axes.length);
    const width = this.#holder.clientWidth;
    const maxHeight = Math.min(1000, Math.max(360, window.innerHeight - 300));
    const isUnchanged = !this.#drawing.changed(
      ...[frame, panel.data, axes, columns.join(), this.#layers, theme, width, maxHeight],
      window.devicePixelRatio,
    );
    if (isUnchanged || width === 0) return;
    const rows = { data: panel.data?.values, samples: frame?.samples };
    const classes = this.#classes;
    const view = { axes, columns, ...rows, classes, layers: this.#layers, theme };
    this.#pairs.draw(view, this.description(panel, frame), width, maxHeight);
    this.#setIdle(panel, frame);
  }

  /** The picture in words. */
  description({ data, manifest }: PanelState, frame: PreviewFrame | undefined): string {
    const { dimensions = 0 } = manifest.preview ?? {};
    const parts: string[] = [];
    if (frame) {
      parts.push(
        `Step ${formatCount(frame.step)}: ${formatCount(frame.count)} samples of the model`,
      );
    }
    if (data) parts.push(`${formatCount(data.count)} points of the data`);
    const { range } = this.#plane;
    const { hasRegions, name } = this.#chosen;
    if (frame?.classFields && hasRegions && this.#layers.field) {
      parts.push('the regions where each class is likeliest');
    } else if (frame?.field && range && dimensions === 2) {
      parts.push(
        `energies${name ? ` of class ${name}` : ''} from ${formatValue(range.low)} to ${formatValue(range.high)}`,
      );
    }
    const words = frame?.field && dimensions === 2 ? this.#planeWords : undefined;
    return `${parts.join(', ')}.${words ? ` ${words}` : ''}`;
  }

  #toggle(layer: keyof PlaneLayers): void {
    this.#layers = { ...this.#layers, [layer]: !this.#layers[layer] };
    setAttribute(this.#toggles.get(layer)!, 'aria-pressed', String(this.#layers[layer]));
    this.#redraw();
  }

  #makePickers(names: readonly string[]): void {
    // Both axes cannot show one dimension: to choose the other's is to swap them.
    const horizontal = (x: number): [number, number] => {
      const [oldX, oldY] = this.#axes;
      return [x, x === oldY ? oldX : oldY];
    };
    const vertical = (y: number): [number, number] => {
      const [oldX, oldY] = this.#axes;
      return [y === oldX ? oldY : oldX, y];
    };
    this.#dropDowns =
      names.length < 3
        ? []
        : [
            new DropDown('Horizontal axis', names, (x) => this.#selectAxes(horizontal(x))),
            new DropDown('Vertical axis', names, (y) => this.#selectAxes(vertical(y))),
          ];
    const [x, y] = this.#dropDowns;
    const all =
      x && y ? [this.#pairsBox.root, this.#principalBox.root, x.root, this.#between, y.root] : [];
    this.#pickers.replaceChildren(...all);
  }

  #takePoints(
    panel: PanelState,
    frame: PreviewFrame | undefined,
    dimensions: number,
    axes: readonly [number, number],
    principal: PrincipalAxes | undefined,
  ): void {
    this.#axes = axes;
    const points = (values: Float32Array | undefined) => {
      if (!values) return undefined;
      if (principal) return along(values, principal);
      return dimensions === 1 ? values : plane(values, dimensions, axes);
    };
    this.#data = points(panel.data?.values);
    this.#samples = points(frame?.samples);
    this.#tracks =
      frame?.paths && dimensions === 2
        ? chainTracks(frame.paths, (rows) => plane(rows, dimensions, axes))
        : undefined;
    const { preview: layout, transform } = panel.manifest;
    if (!layout) return;
    setText(this.#momentsHead, layout.categories ? 'Shares' : 'Mean ± deviation');
    const shown = dimensions === 1 ? [0] : axes;
    this.#moments.replaceChildren(
      ...shown.map((dimension) => {
        const axis = plotAxis(layout, transform, dimension);
        const cell = (values: Float32Array | undefined) =>
          element(
            'td',
            {},
            values ? momentsText(column(values, dimensions, dimension), axis) : '–',
          );
        return element(
          'tr',
          {},
          element('th', { scope: 'row' }, axis.name),
          cell(panel.data?.values),
          cell(frame?.samples),
        );
      }),
    );
  }

  #setIdle({ data, manifest }: PanelState, frame: PreviewFrame | undefined): void {
    const parts: string[] = [];
    if (data) parts.push(`${formatCount(data.count)} data points`);
    if (frame) parts.push(`${formatCount(frame.count)} samples`);
    const hasContours = manifest.preview?.dimensions === 2 && this.#layers.contours;
    const step = frame?.field && hasContours ? this.#plane.contourStep : undefined;
    if (step !== undefined) parts.push(`contours every ${formatTick(step, step)}`);
    const { scoreScale } = this.#plane;
    if (scoreScale !== undefined) {
      const kind = manifest.transform ? 'standardised scores' : 'scores';
      parts.push(`longest arrows: ${kind} of ${formatValue(scoreScale)} and more`);
    }
    this.#idle = parts.join(' · ');
    if (this.#pointed === undefined) setText(this.#readout, this.#idle);
  }
}

/** What the marks on chains mean, and how often chains stood still. */
function chainWords({ manifest }: PanelState, tracks: ChainTracks | undefined): string | undefined {
  if (tracks === undefined) return undefined;
  const { moves, stood } = countMoves(tracks);
  // Without a correction nothing is refused, and a chain that stands still is at a wall.
  const isCorrected = manifest.metrics.some(({ name }) => name === 'sampler/acceptance');
  const crosses = isCorrected ? 'its proposal was refused' : 'it did not move';
  const all = moves + stood;
  const count =
    all > 0 && (isCorrected || stood > 0)
      ? `, ${formatCount(stood)} of the ${formatCount(all)} moves that were followed one by one`
      : '';
  return `${formatCount(tracks.chains)} chains over ${formatCount(tracks.iterations.at(-1)!)} iterations: ○ where one began, • where it passed, × where ${crosses}${count}.`;
}

/** What part of a table a plane shows. */
function planeNote(dimensions: number, principal: PrincipalAxes | undefined): string {
  if (!principal) {
    return `Two of ${dimensions} columns. The field of energies is drawn of runs that have two alone.`;
  }
  const share = Math.round(100 * (principal.shares[0] + principal.shares[1]));
  return `The plane in which the shown data vary most, as the model has them: ${share} % of the variance of their ${dimensions} columns.`;
}

function momentsText(values: Float32Array, axis: PlotAxis): string {
  const found = moments(values);
  if (!found) return '–';
  if (axis.levels) return sharesText(values, axis.levels);
  return formatSpread(inDataUnits(axis, found.mean), Math.abs(axis.scale) * found.deviation);
}

/** Levels that are named in a cell; where there are more, the most frequent ones. */
const namedLevels = 6;

/** `Biscoe 49 %, Dream 37 %, Torgersen 14 %`. */
function sharesText(values: Float32Array, levels: readonly string[]): string {
  const all = shares(values, levels.length).map((share, level) => ({
    share,
    name: levels[level]!,
  }));
  const named =
    all.length <= namedLevels
      ? all
      : [...all].sort((a, b) => b.share - a.share).slice(0, namedLevels);
  const text = named.map(({ name, share }) => `${name} ${Math.round(100 * share)} %`).join(', ');
  return named.length < all.length ? `${text}, …` : text;
}

function emptyText({ manifest, state }: PanelState): string {
  if (!manifest.preview || state.status === 'starting') {
    return 'The landscape appears with the first preview.';
  }
  return 'This run has kept no preview.';
}

/** Of which classes the shown points are; none where none is known, or they are too many for colours. */
function classesOf(
  { manifest, data }: PanelState,
  frame: PreviewFrame | undefined,
): PointClasses | undefined {
  const { classes: names = [], image, dimensions = 0 } = manifest.preview ?? {};
  const isSuited = dimensions >= 2 && !image && names.length >= 2;
  const isKnown = data?.labels !== undefined || frame?.classes !== undefined;
  if (!isSuited || names.length > mostClassColors || !isKnown) return undefined;
  return { count: names.length, data: data?.labels, samples: frame?.classes };
}

/** What is known of the samples of a preview, and of the rows of data at its step. */
function factsOf(frame: PreviewFrame | undefined): RowFacts {
  const { energies, ages, classes } = frame ?? {};
  return {
    ...(energies ? { energies: energies.samples } : {}),
    ...(ages ? { ages } : {}),
    ...(classes ? { classes } : {}),
  };
}

function dataFactsOf({ data }: PanelState, frame: PreviewFrame | undefined): RowFacts {
  const { energies } = frame ?? {};
  return {
    ...(energies ? { energies: energies.data } : {}),
    ...(data?.labels ? { classes: data.labels } : {}),
  };
}

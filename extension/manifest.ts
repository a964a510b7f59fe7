/**
 * What package.json contributes, as typed constants: an id that is not declared there does not
 * compile here, and a unit test holds the two together.
 */

export const commandIds = [
  'ebm.launchRun',
  'ebm.newExperiment',
  'ebm.checkExperiment',
  'ebm.pauseRun',
  'ebm.resumeRun',
  'ebm.stepRun',
  'ebm.stopRun',
  'ebm.writeCheckpoint',
  'ebm.changeRun',
  'ebm.takeOverRun',
  'ebm.rerunLastRun',
  'ebm.rerunExactly',
  'ebm.rerunWithChanges',
  'ebm.exportStep',
  'ebm.installGpuBackend',
  'ebm.inspectRun',
  'ebm.showLog',
  'ebm.openRun',
  'ebm.compareRuns',
  'ebm.rerun',
  'ebm.revealRun',
  'ebm.filterRuns',
  'ebm.clearRunFilter',
  'ebm.renameRun',
  'ebm.tagRun',
  'ebm.starRun',
  'ebm.unstarRun',
  'ebm.editNotes',
  'ebm.archiveRuns',
  'ebm.restoreRuns',
  'ebm.deleteRuns',
  'ebm.showDiskUse',
  'ebm.exportRun',
  'ebm.exportMetrics',
  'ebm.importRun',
  'ebm.launchSweep',
  'ebm.showQueue',
  'ebm.showSweepSummary',
  'ebm.stopSweep',
  'ebm.cancelSlurmJobs',
  'ebm.holdSlurmJobs',
  'ebm.releaseSlurmJobs',
  'ebm.requeueSlurmJobs',
] as const;
export type CommandId = (typeof commandIds)[number];

export const contextKeys = [
  'ebm.canChange',
  'ebm.canPause',
  'ebm.canStep',
  'ebm.canResume',
  'ebm.canStop',
  'ebm.canTakeOver',
  'ebm.canWriteCheckpoint',
  'ebm.hasRuns',
  'ebm.hasRunFilter',
] as const;
export type ContextKey = (typeof contextKeys)[number];

/** Settings and their defaults. */
export const settingDefaults = {
  'ebm.backend': 'auto',
  'ebm.maxConcurrentRuns': 2,
  'ebm.sweepParallelRuns': 1,
  'ebm.nodePath': '',
  'ebm.startTimeoutSeconds': 60,
  'ebm.whenEditorCloses': 'keepTraining',
  'ebm.onePanel': false,
} as const;

/** The tree of runs. */
export const runsViewId = 'ebm.runs';

/** The run panel's view type, under which it is created and restored. */
export const runPanelType = 'ebm.run';

/** The view type of the panels that compare runs. */
export const comparePanelType = 'ebm.compare';

/** What an experiment's file name ends in, and the glob that finds them. */
export const experimentSuffix = '.ebm.ts';
export const experimentGlob = `**/*${experimentSuffix}`;

/** Where runs live inside a workspace folder. */
export const runsFolder = '.ebm/runs';

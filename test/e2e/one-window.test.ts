/** Stories that need no window of their own. */

import { noElsewhere } from '../support/elsewhere';
import { askModel } from './ask-model';
import { backends, chooseForeignBackend } from './backends';
import { compareRuns, prepareSweep } from './compare';
import { killedTrainer } from './crash';
import { imagesOfDigits } from './images';
import { mistakenExperiments } from './mistakes';
import { newExperimentStory } from './new-experiment';
import { onePanel, wishOnePanel } from './one-panel';
import { otherHost, prepareSlurm } from './other-host';
import { prepareRuns, runsTree } from './runs-tree';
import { stories } from './session';

stories('One window', [
  { name: 'Mistakes in an experiment', play: mistakenExperiments },
  {
    name: 'A backend that is not there, and a step for others to run',
    prepare: chooseForeignBackend,
    play: backends,
  },
  { name: 'Images', play: imagesOfDigits },
  { name: 'Asking the model', play: askModel },
  { name: 'A killed trainer', play: killedTrainer },
  { name: 'A first experiment, from data to a finished run', play: newExperimentStory },
  { name: 'Comparing runs', prepare: prepareSweep, play: compareRuns },
  { name: 'One panel for all runs', prepare: wishOnePanel, play: onePanel },
  { name: 'The tree of runs', prepare: prepareRuns, play: runsTree },
  ...(noElsewhere
    ? []
    : [{ name: 'Another host, and Slurm', prepare: prepareSlurm, play: otherHost }]),
]);
